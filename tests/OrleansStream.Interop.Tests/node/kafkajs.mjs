// kafkajs against a broker: kafkajs.mjs BOOTSTRAP SCENARIO TOPIC GROUP. Prints what it saw as one JSON document.
// kafkajs reads through groups only, so reading by assignment is reading with a group of one.
import { createRequire } from 'node:module'
import kafkajs from 'kafkajs'

const require = createRequire(import.meta.url)
const { Kafka, logLevel, CompressionTypes, CompressionCodecs, Partitioners } = kafkajs
CompressionCodecs[CompressionTypes.Snappy] = require('kafkajs-snappy')

const [bootstrap, scenario, topic, group] = process.argv.slice(2)
const partitions = 3
const limitMs = 60_000
const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING })

const until = async (condition, what) => {
  const end = Date.now() + limitMs
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not in time: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

const withAdmin = async work => {
  const admin = kafka.admin()
  await admin.connect()
  try { return await work(admin) } finally { await admin.disconnect() }
}

// A topic is there when its partitions answer, which may be a moment after it was created.
const create = (name, count = partitions) => withAdmin(async admin => {
  await admin.createTopics({ topics: [{ topic: name, numPartitions: count, replicationFactor: 1 }] })
  await until(async () => (await admin.fetchTopicOffsets(name).catch(() => [])).length === count, 'partitions that answer')
})

const send = async (name, messages, settings = {}, compression = CompressionTypes.None) => {
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, ...settings })
  await producer.connect()
  await producer.send({ topic: name, messages, compression, acks: -1 })
  await producer.disconnect()
}

const record = index => ({ key: `key ${index % 7}`, value: `value ${index}`, headers: { note: `header ${index}` } })
const records = count => Array.from({ length: count }, (_, index) => record(index))

const member = async (groupId, name, onMessage) => {
  const consumer = kafka.consumer({ groupId, sessionTimeout: 10_000, heartbeatInterval: 300, metadataMaxAge: 1_000, maxWaitTimeInMs: 200 })
  const self = { consumer, owned: [] }
  consumer.on(consumer.events.GROUP_JOIN, event => { self.owned = [...(event.payload.memberAssignment[name] ?? [])].sort() })
  await consumer.connect()
  await consumer.subscribe({ topic: name, fromBeginning: true })
  await consumer.run({ autoCommit: false, eachMessage: async ({ partition, message }) => onMessage(partition, message) })
  return self
}

const read = async (groupId, name, count) => {
  const seen = []
  const { consumer } = await member(groupId, name, (partition, message) => {
    if (seen.length === count) return
    seen.push({ key: message.key.toString(), value: message.value.toString(), header: message.headers.note?.toString() ?? null, partition, offset: Number(message.offset) })
  })
  await until(() => seen.length === count, `${count} records, ${seen.length} came`)
  return { seen, consumer }
}

const readAll = async (name, count) => {
  const { seen, consumer } = await read(`${group}-${name}`, name, count)
  await consumer.disconnect()
  return seen
}

const scenarios = {
  admin: () => withAdmin(async admin => {
    await create(topic)
    const found = (await admin.fetchTopicMetadata({ topics: [topic] })).topics[0].partitions.length
    const listed = (await admin.listTopics()).includes(topic)
    await admin.deleteTopics({ topics: [topic] })
    await until(async () => !(await admin.listTopics()).includes(topic), 'topic gone')
    return { partitions: found, listed, listedAfterDelete: (await admin.listTopics()).includes(topic) }
  }),

  codecs: async () => {
    const result = {}
    for (const [name, compression] of [['none', CompressionTypes.None], ['gzip', CompressionTypes.GZIP], ['snappy', CompressionTypes.Snappy]]) {
      await create(`${topic}-${name}`)
      await send(`${topic}-${name}`, records(100), {}, compression)
      result[name] = await readAll(`${topic}-${name}`, 100)
    }
    return result
  },

  group: async () => {
    await create(topic)
    const values = new Set()
    const members = []
    const stages = []
    const shared = async () => {
      await until(() => members.every(one => one.owned.length > 0) && members.flatMap(one => one.owned).sort().join() === '0,1,2', `${members.length} members sharing`)
      stages.push(members.map(one => one.owned))
    }
    for (let count = 0; count < 3; count++) {
      members.push(await member(group, topic, (_, message) => values.add(message.value.toString())))
      await shared()
    }
    await send(topic, Array.from({ length: 300 }, (_, index) => ({ key: `key ${index}`, value: `value ${index}` })))
    await until(() => values.size === 300, '300 records')
    for (let count = 0; count < 2; count++) {
      await members.shift().consumer.disconnect()
      await shared()
    }
    await members[0].consumer.disconnect()
    return { stages, values: values.size }
  },

  commit: async () => {
    await create(topic, 1)
    await send(topic, records(50))
    const { seen, consumer } = await read(group, topic, 20)
    await consumer.commitOffsets([{ topic, partition: 0, offset: '20' }])
    await consumer.disconnect()
    return { offsets: seen.map(one => one.offset) }
  },

  resume: async () => {
    const { seen, consumer } = await read(group, topic, 30)
    await consumer.disconnect()
    return { offsets: seen.map(one => one.offset) }
  },

  timestamps: async () => {
    const start = Date.now() - 100_000
    await create(topic, 1)
    await send(topic, Array.from({ length: 10 }, (_, index) => ({ value: 'value', timestamp: String(start + index * 1000) })))
    // What lies behind the last record is answered with the end of the log by this client.
    const lookup = time => withAdmin(async admin => Number((await admin.fetchTopicOffsetsByTimestamp(topic, time))[0].offset))
    const late = await lookup(start + 60_000)
    return { before: await lookup(start - 1), exact: await lookup(start + 4000), after: await lookup(start + 4001), late: late === 10 ? null : late }
  },

  idempotent: async () => {
    await create(topic)
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1, createPartitioner: Partitioners.DefaultPartitioner })
    await producer.connect()
    for (let batch = 0; batch < 5000; batch += 500) {
      await producer.send({ topic, messages: Array.from({ length: 500 }, (_, index) => record(batch + index)), acks: -1 })
    }
    await producer.disconnect()
    return { none: await readAll(topic, 5000) }
  }
}

// Clients may leave timers behind: the end is not waited for, but the pipe has to be.
process.stdout.write(JSON.stringify(await scenarios[scenario]()), () => process.exit(0))
