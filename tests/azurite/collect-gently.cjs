// Loaded before Azurite: replaces how it throws away the contents of blobs that are gone.
// As shipped it does that each ten minutes, all in one go, in time that grows with the square of what there is, and answers nobody
// meanwhile. It also deletes contents that a put is just about to name.
// Here it is done more often, others are answered between two steps, and only what nobody named the last time either is deleted.
const path = require('path');
const azurite = path.join(__dirname, 'node_modules', 'azurite', 'dist', 'src');
require(path.join(azurite, 'blob', 'utils', 'constants.js')).DEFAULT_GC_INTERVAL_MS = 20 * 1000;
const collector = require(path.join(azurite, 'blob', 'gc', 'BlobGCManager.js')).default.prototype;
if (typeof collector.markSweep !== 'function') throw new Error('This version of Azurite collects in another way: see collect-gently.cjs.');

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
