"""A member of a group that writes down what it does: member.py BOOTSTRAP TOPIC GROUP LOG. Ends on SIGTERM.

Lines of LOG, with the time that all processes of this machine share:
  A partition offset time     was given the partition, and starts reading here
  R partition offset value    read this
  C partition offset time     a commit of this offset has been acknowledged
"""
import signal
import sys
import time

from confluent_kafka import Consumer, KafkaException

BOOTSTRAP, TOPIC, GROUP, LOG = sys.argv[1:5]
COMMIT_SECONDS = 0.5
BATCH = 2000

running = True


def stop(*_):
    global running
    running = False


def now():
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


signal.signal(signal.SIGTERM, stop)
consumer = Consumer({"bootstrap.servers": BOOTSTRAP, "group.id": GROUP, "auto.offset.reset": "earliest", "enable.auto.commit": False,
                     "session.timeout.ms": 6000, "heartbeat.interval.ms": 500, "reconnect.backoff.max.ms": 500})
# When each partition was given; it is written down with the first offset that is read from it.
given = {}
# The next offset of each partition that was read since the last commit.
positions = {}

with open(LOG, "w", encoding="utf-8", errors="surrogateescape", buffering=1 << 16) as log:
    def assigned(_, partitions):
        for partition in partitions:
            given[partition.partition] = now()

    def revoked(_, partitions):
        # What was not committed will be read again, by whoever gets the partition: that is what is tried here.
        for partition in partitions:
            given.pop(partition.partition, None)
            positions.pop(partition.partition, None)

    def commit():
        from confluent_kafka import TopicPartition
        try:
            offsets = [TopicPartition(TOPIC, partition, offset) for partition, offset in positions.items()]
            for done in consumer.commit(offsets=offsets, asynchronous=False):
                if done.error is None:
                    log.write(f"C {done.partition} {done.offset} {now()}\n")
            positions.clear()
        except KafkaException:
            # The broker is away, or the group has moved on.
            pass
        log.flush()

    consumer.subscribe([TOPIC], on_assign=assigned, on_revoke=revoked)
    last = time.monotonic()
    while running:
        for record in consumer.consume(BATCH, 0.2):
            if record.error() is not None:
                continue
            partition, offset = record.partition(), record.offset()
            if partition in given:
                log.write(f"A {partition} {offset} {given.pop(partition)}\n")
            log.write(f"R {partition} {offset} {record.value().decode('utf-8', 'surrogateescape')}\n")
            positions[partition] = offset + 1
        if positions and time.monotonic() - last > COMMIT_SECONDS:
            commit()
            last = time.monotonic()
    if positions:
        commit()
    consumer.close()
