// @platformatic/kafka against a broker: platformatic.mjs BOOTSTRAP SCENARIO TOPIC GROUP. Prints what it saw as one JSON document.
import { Admin, Consumer, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka'

const [bootstrap, scenario, topic, group] = process.argv.slice(2)
const partitions = 3
const limitMs = 60_000
const base = { clientId: 'interop', bootstrapBrokers: [bootstrap] }

const until = async (condition, what) => {
  const end = Date.now() + limitMs
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not in time: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

const withAdmin = async work => {
  const admin = new Admin(base)
  try { return await work(admin) } finally { await admin.close() }
}

// A topic is there when its partitions answer, which may be a moment after it was created: this client then sends
// everything again, also to the partitions that had taken it.
const create = async (name, count = partitions) => {
  await withAdmin(admin => admin.createTopics({ topics: [name], partitions: count, replicas: 1 }))
  const consumer = newConsumer(`${group}-answers`)
  await until(async () => (await consumer.listOffsets({ topics: [name] }).catch(() => new Map())).get(name)?.length === count, 'partitions that answer')
  await consumer.close()
}

const send = async (messages, settings = {}) => {
  const producer = new Producer({ ...base, serializers: stringSerializers, ...settings })
  await producer.send({ messages, acks: -1 })
  await producer.close()
}

const record = (name, index) => ({ topic: name, key: `key ${index % 7}`, value: `value ${index}`, headers: { note: `header ${index}` } })
const records = (name, count) => Array.from({ length: count }, (_, index) => record(name, index))

const newConsumer = groupId => new Consumer({ ...base, groupId, deserializers: stringDeserializers, sessionTimeout: 10_000, heartbeatInterval: 300, rebalanceTimeout: 10_000, maxWaitTime: 200 })

const member = async (groupId, name, onMessage) => {
  const consumer = newConsumer(groupId)
  const stream = await consumer.consume({ topics: [name], mode: 'committed', fallbackMode: 'earliest', autocommit: false })
  const self = { consumer, get owned() { return [...(consumer.assignments?.find(one => one.topic === name)?.partitions ?? [])].sort() } }
  stream.on('data', message => onMessage(message, stream))
  stream.on('error', error => { console.error(error); process.exit(1) })
  return self
}

const read = async (groupId, name, count) => {
  const seen = []
  const { consumer } = await member(groupId, name, message => {
    if (seen.length === count) return
    seen.push({ key: message.key, value: message.value, header: message.headers.get('note') ?? null, partition: message.partition, offset: Number(message.offset) })
  })
  await until(() => seen.length === count, `${count} records`)
  return { seen, consumer }
}

const readAll = async (name, count) => {
  const { seen, consumer } = await read(`${group}-${name}`, name, count)
  await consumer.close(true)
  return seen
}

const scenarios = {
  admin: () => withAdmin(async admin => {
    await create(topic)
    const metadata = await admin.metadata({ topics: [topic] })
    const listed = (await admin.listTopics()).includes(topic)
    await admin.deleteTopics({ topics: [topic] })
    await until(async () => !(await admin.listTopics()).includes(topic), 'topic gone')
    return { partitions: metadata.topics.get(topic).partitionsCount, listed, listedAfterDelete: (await admin.listTopics()).includes(topic) }
  }),

  codecs: async () => {
    const result = {}
    for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
      const name = `${topic}-${compression}`
      await create(name)
      await send(records(name, 100), { compression })
      result[compression] = await readAll(name, 100)
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
      members.push(await member(group, topic, message => values.add(message.value)))
      await shared()
    }
    await send(Array.from({ length: 300 }, (_, index) => ({ topic, key: `key ${index}`, value: `value ${index}` })))
    await until(() => values.size === 300, '300 records')
    for (let count = 0; count < 2; count++) {
      await members.shift().consumer.close(true)
      await shared()
    }
    await members[0].consumer.close(true)
    return { stages, values: values.size }
  },

  commit: async () => {
    await create(topic, 1)
    await send(records(topic, 50))
    const { seen, consumer } = await read(group, topic, 20)
    await consumer.commit({ offsets: [{ topic, partition: 0, offset: 20n, leaderEpoch: 0 }] })
    await consumer.close(true)
    return { offsets: seen.map(one => one.offset) }
  },

  resume: async () => {
    const { seen, consumer } = await read(group, topic, 30)
    await consumer.close(true)
    return { offsets: seen.map(one => one.offset) }
  },

  timestamps: async () => {
    const start = Date.now() - 100_000
    await create(topic, 1)
    await send(Array.from({ length: 10 }, (_, index) => ({ topic, value: 'value', timestamp: BigInt(start + index * 1000) })))
    const consumer = newConsumer(group)
    const lookup = async time => {
      const offset = Number((await consumer.listOffsetsWithTimestamps({ topics: [topic], timestamp: BigInt(time) })).get(topic).get(0).offset)
      return offset < 0 ? null : offset
    }
    return { before: await lookup(start - 1), exact: await lookup(start + 4000), after: await lookup(start + 4001), late: await lookup(start + 60_000) }
  },

  idempotent: async () => {
    await create(topic)
    const producer = new Producer({ ...base, serializers: stringSerializers, idempotent: true })
    for (let batch = 0; batch < 5000; batch += 500) {
      await producer.send({ messages: Array.from({ length: 500 }, (_, index) => record(topic, batch + index)) })
    }
    await producer.close()
    return { none: await readAll(topic, 5000) }
  }
}

// Clients may leave timers behind: the end is not waited for, but the pipe has to be.
process.stdout.write(JSON.stringify(await scenarios[scenario]()), () => process.exit(0))
