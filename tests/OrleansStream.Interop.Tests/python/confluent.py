"""confluent-kafka against a broker: confluent.py BOOTSTRAP SCENARIO TOPIC GROUP. Prints what it saw as one JSON document."""
import json
import sys
import threading
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

BOOTSTRAP, SCENARIO, TOPIC, GROUP = sys.argv[1:5]
PARTITIONS = 3
LIMIT = 60


def create(topic, partitions=PARTITIONS):
    # The client has to live as long as its futures.
    with_admin = AdminClient({"bootstrap.servers": BOOTSTRAP})
    for future in with_admin.create_topics([NewTopic(topic, partitions, 1)]).values():
        future.result(LIMIT)


def producer(**settings):
    return Producer({"bootstrap.servers": BOOTSTRAP, "acks": "all", **settings})


def consumer(group="reads-by-assignment"):
    return Consumer({"bootstrap.servers": BOOTSTRAP, "group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False,
                     "session.timeout.ms": 10000, "heartbeat.interval.ms": 300, "topic.metadata.refresh.interval.ms": 1000})


def wait(condition, what):
    end = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.02)


def send(out, topic, records, **settings):
    """Produces (key, value) pairs and fails if one of them is not acknowledged."""
    failures = []
    for index, (key, value) in enumerate(records):
        out.produce(topic, key=key, value=value, headers={"note": f"header {index}"},
                    on_delivery=lambda error, _: failures.append(str(error)) if error else None, **settings)
        out.poll(0)
    out.flush(LIMIT)
    assert not failures, failures


def read(source, count):
    """That many records, as dictionaries."""
    seen = []
    end = time.monotonic() + LIMIT
    while len(seen) < count and time.monotonic() < end:
        record = source.poll(0.2)
        if record is None:
            continue
        assert record.error() is None, record.error()
        headers = dict(record.headers() or [])
        seen.append({"key": record.key().decode(), "value": record.value().decode(), "partition": record.partition(),
                     "offset": record.offset(), "header": headers["note"].decode() if "note" in headers else None})
    return seen


def read_all(topic, count):
    source = consumer()
    source.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in range(PARTITIONS)])
    seen = read(source, count)
    source.close()
    return seen


def scenario_admin():
    create(TOPIC)
    with_admin = AdminClient({"bootstrap.servers": BOOTSTRAP})
    wait(lambda: TOPIC in with_admin.list_topics(timeout=LIMIT).topics, "the topic not listed")
    found = with_admin.list_topics(timeout=LIMIT).topics
    for future in with_admin.delete_topics([TOPIC]).values():
        future.result(LIMIT)
    wait(lambda: TOPIC not in with_admin.list_topics(timeout=LIMIT).topics, "the topic still there")
    return {"partitions": len(found[TOPIC].partitions), "listed": TOPIC in found,
            "listedAfterDelete": TOPIC in with_admin.list_topics(timeout=LIMIT).topics}


def scenario_codecs():
    result = {}
    for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
        topic = f"{TOPIC}-{codec}"
        create(topic)
        send(producer(**{"compression.type": codec}), topic, [(f"key {index % 7}", f"value {index}") for index in range(100)])
        result[codec] = read_all(topic, 100)
    return result


class Member(threading.Thread):
    def __init__(self):
        super().__init__(daemon=True)
        self.owned, self.values, self.stopping = [], set(), False
        self.start()

    def run(self):
        source = consumer(GROUP)
        source.subscribe([TOPIC])
        while not self.stopping:
            record = source.poll(0.05)
            if record is not None and record.error() is None:
                self.values.add(record.value().decode())
            self.owned = sorted(partition.partition for partition in source.assignment())
        source.close()


def scenario_group():
    create(TOPIC)
    members, stages = [], []

    def shared():
        return sorted(sum((member.owned for member in members), [])) == list(range(PARTITIONS)) and all(member.owned for member in members)

    for _ in range(3):
        members.append(Member())
        wait(shared, f"{len(members)} members sharing")
        stages.append([member.owned for member in members])
    send(producer(), TOPIC, [(f"key {index}", f"value {index}") for index in range(300)])
    wait(lambda: sum(len(member.values) for member in members) >= 300, "300 records read")
    values = set().union(*(member.values for member in members))
    for _ in range(2):
        left = members.pop(0)
        left.stopping = True
        left.join()
        wait(shared, f"{len(members)} members sharing")
        stages.append([member.owned for member in members])
    members[0].stopping = True
    members[0].join()
    return {"stages": stages, "values": len(values)}


def scenario_commit():
    create(TOPIC, 1)
    send(producer(), TOPIC, [("key", f"value {index}") for index in range(50)])
    source = consumer(GROUP)
    source.subscribe([TOPIC])
    offsets = [record["offset"] for record in read(source, 20)]
    source.commit(offsets=[TopicPartition(TOPIC, 0, offsets[-1] + 1)], asynchronous=False)
    source.close()
    return {"offsets": offsets}


def scenario_resume():
    source = consumer(GROUP)
    source.subscribe([TOPIC])
    offsets = [record["offset"] for record in read(source, 30)]
    source.close()
    return {"offsets": offsets}


def scenario_timestamps():
    create(TOPIC, 1)
    start = int(time.time() * 1000) - 100000
    out = producer()
    for index in range(10):
        send(out, TOPIC, [("key", "value")], timestamp=start + index * 1000)
    source = consumer()

    def lookup(timestamp):
        offset = source.offsets_for_times([TopicPartition(TOPIC, 0, timestamp)], timeout=LIMIT)[0].offset
        return offset if offset >= 0 else None

    return {"before": lookup(start - 1), "exact": lookup(start + 4000), "after": lookup(start + 4001), "late": lookup(start + 60000)}


def scenario_idempotent():
    create(TOPIC)
    send(producer(**{"enable.idempotence": True}), TOPIC, [(f"key {index % 7}", f"value {index}") for index in range(5000)])
    return {"none": read_all(TOPIC, 5000)}


def scenario_transactions():
    """How long a transactional producer tries, and what it says then."""
    started = time.monotonic()
    try:
        producer(**{"transactional.id": GROUP}).init_transactions(30)
        return {"seconds": 0, "error": ""}
    except KafkaException as failure:
        return {"seconds": time.monotonic() - started, "error": str(failure)}


print(json.dumps(globals()[f"scenario_{SCENARIO}"]()))
