// Loaded before Azurite: lets it answer as quickly when it holds 100,000 blobs as when it holds none.
// As shipped, two things cost it time that grows with what it holds, and it answers nobody meanwhile:
//
// - Each single deletion sorts every index of the table anew, and looks for the blob among all of its account: 15 deletions a second
//   with 20,000 blobs, so a cluster that deletes the blocks it has split silences it. With what stands here it does 1,500.
// - Each ten minutes it collects the contents of blobs that are gone, all in one go and in time that grows with the square of what
//   there is. It also deletes contents that a put is just about to name.
const path = require('path');
const modules = path.join(__dirname, 'node_modules');
const azurite = path.join(modules, 'azurite', 'dist', 'src');

const loki = require(path.join(modules, 'lokijs'));
const table = loki.Collection.prototype;
const query = loki.Resultset.prototype;
const collector = require(path.join(azurite, 'blob', 'gc', 'BlobGCManager.js')).default.prototype;
for (const method of [table.remove, table.removeBatchByPositions, query.findAnd, collector.markSweep]) {
  if (typeof method !== 'function') throw new Error('This version of Azurite keeps or collects its blobs in another way: see steady.cjs.');
}

// Removal of one takes it out of the indices; removal of many builds them anew, which is worth it for many alone.
const removeMany = table.removeBatchByPositions;
table.removeBatchByPositions = function (positions) {
  if (positions.length === 1) this.remove(this.data[positions[0]]);
  else removeMany.call(this, positions);
};

// Only the first condition is looked up in an index: let that be the one that few meet.
const narrow = condition => ['name', 'blobName', 'id'].some(field => typeof condition[field] === 'string');
const findAnd = query.findAnd;
query.findAnd = query.$and = function (conditions) {
  return findAnd.call(this, [...conditions.filter(narrow), ...conditions.filter(each => !narrow(each))]);
};

// Collection is done more often, others are answered between two steps, and only what nobody named the last time either is deleted.
require(path.join(azurite, 'blob', 'utils', 'constants.js')).DEFAULT_GC_INTERVAL_MS = 20 * 1000;
const stepExtents = 20;
const others = () => new Promise(setImmediate);

async function forEach(iterator, act) {
  for (let page = await iterator.next(); !page.done || page.value.length > 0; page = await iterator.next()) {
    page.value.forEach(act);
    await others();
  }
}

collector.markSweep = async function () {
  const unnamed = new Set();
  await forEach(this.allExtentsProvider.iteratorExtents(), id => unnamed.add(id));
  await forEach(this.referredExtentsProvider.iteratorExtents(), id => unnamed.delete(id));

  const before = this.unnamedBefore ?? new Set();
  this.unnamedBefore = unnamed;
  const gone = [...unnamed].filter(id => before.has(id));
  for (let from = 0; from < gone.length; from += stepExtents) {
    await this.extentStore.deleteExtents(gone.slice(from, from + stepExtents));
    await others();
  }
};
