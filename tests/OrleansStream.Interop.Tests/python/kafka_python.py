"""kafka-python against a broker: kafka_python.py BOOTSTRAP SCENARIO TOPIC GROUP. Prints what it saw as one JSON document."""
import json
import sys
import threading
import time

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka import codec as codecs
from kafka.admin import NewTopic

BOOTSTRAP, SCENARIO, TOPIC, GROUP = sys.argv[1:5]
PARTITIONS = 3
LIMIT = 60


def admin():
    return KafkaAdminClient(bootstrap_servers=BOOTSTRAP)


def create(topic, partitions=PARTITIONS):
    with_admin = admin()
    with_admin.create_topics([NewTopic(topic, partitions, 1)])
    with_admin.close()


def producer(**settings):
    return KafkaProducer(bootstrap_servers=BOOTSTRAP, acks="all", linger_ms=5, **settings)


def consumer(**settings):
    return KafkaConsumer(bootstrap_servers=BOOTSTRAP, auto_offset_reset="earliest", enable_auto_commit=False,
                         session_timeout_ms=10000, heartbeat_interval_ms=300, metadata_max_age_ms=1000, **settings)


def wait(condition, what):
    end = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.02)


def read(source, count):
    """That many records, as dictionaries."""
    seen = []
    end = time.monotonic() + LIMIT
    while len(seen) < count and time.monotonic() < end:
        for records in source.poll(timeout_ms=200).values():
            for record in records:
                headers = dict(record.headers)
                seen.append({"key": record.key.decode(), "value": record.value.decode(), "partition": record.partition,
                             "offset": record.offset, "header": headers["note"].decode() if "note" in headers else None})
    return seen


def scenario_admin():
    create(TOPIC)
    with_admin = admin()
    wait(lambda: TOPIC in with_admin.list_topics(), "the topic not listed")
    partitions = len(with_admin.describe_topics([TOPIC])[0]["partitions"])
    listed = TOPIC in with_admin.list_topics()
    with_admin.delete_topics([TOPIC])
    wait(lambda: TOPIC not in with_admin.list_topics(), "the topic still there")
    return {"partitions": partitions, "listed": listed, "listedAfterDelete": TOPIC in with_admin.list_topics()}


def scenario_codecs():
    available = {"none": True, "gzip": codecs.has_gzip(), "snappy": codecs.has_snappy(), "lz4": codecs.has_lz4(), "zstd": codecs.has_zstd()}
    result = {}
    for codec in (name for name, there in available.items() if there):
        topic = f"{TOPIC}-{codec}"
        create(topic)
        out = producer(compression_type=None if codec == "none" else codec)
        for index in range(100):
            out.send(topic, key=f"key {index % 7}".encode(), value=f"value {index}".encode(), headers=[("note", f"header {index}".encode())])
        out.flush()
        out.close()
        source = consumer()
        source.assign([TopicPartition(topic, partition) for partition in range(PARTITIONS)])
        source.seek_to_beginning()
        result[codec] = read(source, 100)
        source.close()
    return result


class Member(threading.Thread):
    def __init__(self):
        super().__init__(daemon=True)
        self.owned, self.values, self.stopping = [], set(), False
        self.start()

    def run(self):
        source = consumer(group_id=GROUP)
        source.subscribe([TOPIC])
        while not self.stopping:
            for records in source.poll(timeout_ms=100).values():
                self.values.update(record.value.decode() for record in records)
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
    out = producer()
    for index in range(300):
        out.send(TOPIC, key=f"key {index}".encode(), value=f"value {index}".encode())
    out.flush()
    wait(lambda: sum(len(member.values) for member in members) >= 300, "300 records read")
    values = sorted(set().union(*(member.values for member in members)))
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
    out = producer()
    for index in range(50):
        out.send(TOPIC, key=b"key", value=f"value {index}".encode())
    out.flush()
    source = consumer(group_id=GROUP, max_poll_records=20)
    source.subscribe([TOPIC])
    offsets = [record["offset"] for record in read(source, 20)]
    source.commit()
    source.close()
    return {"offsets": offsets}


def scenario_resume():
    source = consumer(group_id=GROUP)
    source.subscribe([TOPIC])
    offsets = [record["offset"] for record in read(source, 30)]
    source.close()
    return {"offsets": offsets}


def scenario_timestamps():
    create(TOPIC, 1)
    start = int(time.time() * 1000) - 100000
    out = producer()
    for index in range(10):
        out.send(TOPIC, key=b"key", value=b"value", timestamp_ms=start + index * 1000).get(LIMIT)
    source = consumer()
    partition = TopicPartition(TOPIC, 0)

    def lookup(timestamp):
        found = source.offsets_for_times({partition: timestamp})[partition]
        return found.offset if found else None

    return {"before": lookup(start - 1), "exact": lookup(start + 4000), "after": lookup(start + 4001), "late": lookup(start + 60000)}


print(json.dumps(globals()[f"scenario_{SCENARIO}"]()))
