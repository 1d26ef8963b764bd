using System.Buffers.Binary;
using Microsoft.Extensions.Logging;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Kafka.Gateway.Connections;
using OrleansStream.Kafka.Gateway.Partitions;
using OrleansStream.Kafka.Protocol.Framing;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;

namespace OrleansStream.Kafka.Gateway.Handlers;

/// <summary>
/// Begins Produce requests: every batch gets its offsets and its place in the lane before the next request of the connection begins, so that
/// batches of a producer never change order. What becomes of them is the business of <see cref="ProduceAnswer"/>.
/// </summary>
internal sealed partial class ProduceHandler(PartitionDoor door, ProduceSurroundings surroundings)
{
    private const short FirstWithZstd = 7;

    public async ValueTask BeginAsync(KafkaConnection connection, RequestHeader header, ProduceRequest request, Frame frame)
    {
        var isLeft = false;
        try
        {
            RefuseNullRecords(request);
            var number = connection.Refused.NumberOfNext();
            await connection.Answers.RoomAsync(frame.Length);
            var answer = new ProduceAnswer(connection, header, request, surroundings) { Charge = frame.Length, Number = number };
            connection.Answers.Enter(answer);
            var refusal = RefusalOf(request);
            if (refusal != ErrorCode.None)
            {
                RefuseAll(answer, refusal);
                answer.Begun();
            }
            else if (!connection.Beginning.IsCompleted || !TryAppendOrFail(answer, header, request))
            {
                isLeft = true;
                connection.Beginning = FinishAsync(connection, answer, (header, request, frame));
            }
            else
            {
                answer.BegunInTurn();
            }
        }
        finally
        {
            // What was appended is copied, what was refused is not needed: the frame goes back before the answer is there.
            if (!isLeft)
            {
                frame.Release();
            }
        }
    }

    // Requests still begin in order, but the next one is read meanwhile, so that its partitions open beside ours: after a restart a client with a
    // request for each of its thousands of partitions would else wait for them one by one. The bounds of the answer queue hold here too.
    private async Task FinishAsync(KafkaConnection connection, ProduceAnswer answer, (RequestHeader Header, ProduceRequest Request, Frame Frame) asked)
    {
        var before = connection.Beginning;
        try
        {
            var openings = new Openings(door, TimeSpan.FromMilliseconds(Math.Max(asked.Request.TimeoutMs, 0)), surroundings.Gateway.Time, connection.Gone);
            BeginOpening(openings, asked.Request, answer.HandedOver);
            await before;

            // Topics may have come to be meanwhile.
            BeginOpening(openings, asked.Request, answer.HandedOver);
            answer.ForgetRefused();
            await AppendRestAsync(answer, (asked.Header, asked.Request), openings);
            answer.BegunInTurn();
        }
        catch (Exception failure) when (!connection.Gone.IsCancellationRequested)
        {
            // Those behind it still wait for those before it.
            await before;
            Refuse(answer, failure);
            answer.BegunInTurn();
        }
        catch (Exception)
        {
            // The connection is gone: nobody waits for the answer.
        }
        finally
        {
            asked.Frame.Release();
        }
    }

    private bool TryAppendOrFail(ProduceAnswer answer, in RequestHeader header, ProduceRequest request)
    {
        try
        {
            return TryAppendAll(answer, header, request);
        }
        catch (Exception failure)
        {
            Refuse(answer, failure);
            return true;
        }
    }

    // The whole request, without a wait: every partition is open and the lane has room.
    private bool TryAppendAll(ProduceAnswer answer, in RequestHeader header, ProduceRequest request)
    {
        var context = new AppendContext(header.Version >= FirstWithZstd);
        answer.ForgetRefused();
        foreach (var topic in request.Topics)
        {
            var known = FindAndName(topic);
            foreach (var partition in topic.Partitions)
            {
                if (!TryAppend(answer, known, (header, topic.Name, partition), context))
                {
                    return false;
                }

                answer.HandedOver++;
            }
        }

        return true;
    }

    private bool TryAppend(ProduceAnswer answer, Topic? known, in (RequestHeader Header, string Topic, ProduceRequest.Partition Partition) what, in AppendContext context)
    {
        var token = answer.HandedOver;
        if (known is null || (uint)what.Partition.Index >= (uint)known.PartitionCount || IsInternal(what.Topic, what.Header))
        {
            var error = UnknownOf(what.Topic, what.Header);
            if (error == ErrorCode.UnknownTopicOrPartition && door.Updates.IsDue)
            {
                // Created by way of another broker a moment ago, it may be unknown here only: that is looked up, which takes a wait.
                return false;
            }

            answer.Refuse(token, error);
            return true;
        }

        // Looked for before the question: if the handle is that of a new session, what the one before refused is noted by then.
        var isOpen = door.TryFind(new PartitionId(known.Id, what.Partition.Index), out var opened);
        if (answer.IsBehindRefused(what.Topic, what.Partition.Index))
        {
            answer.RefuseBehind(token);
            return true;
        }

        return isOpen && opened.Handle!.Append(what.Partition.Records.GetValueOrDefault().Span, context, answer, token) != AppendStatus.Full;
    }

    // A defect of ours: what was not handed over by then is answered so, and whatever was goes its way.
    private void Refuse(ProduceAnswer answer, Exception failure)
    {
        LogFailed(surroundings.Gateway.Log, failure);
        for (var token = answer.HandedOver; token < answer.Count; token++)
        {
            answer.Refuse(token, ErrorCode.UnknownServerError);
        }
    }

    private async ValueTask AppendRestAsync(ProduceAnswer answer, (RequestHeader Header, ProduceRequest Request) asked, Openings openings)
    {
        var token = 0;
        foreach (var topic in asked.Request.Topics)
        {
            foreach (var partition in topic.Partitions)
            {
                if (token >= answer.HandedOver)
                {
                    await AppendOneAsync(answer, token, (asked.Header, topic.Name, partition), openings);
                    answer.HandedOver++;
                }

                token++;
            }
        }
    }

    private void BeginOpening(Openings openings, ProduceRequest request, int from)
    {
        var token = 0;
        foreach (var topic in request.Topics)
        {
            var known = FindAndName(topic);
            foreach (var partition in topic.Partitions)
            {
                if (token++ >= from && known is not null && (uint)partition.Index < (uint)known.PartitionCount)
                {
                    openings.Begin(new PartitionId(known.Id, partition.Index));
                }
            }
        }
    }

    private async ValueTask AppendOneAsync(
        ProduceAnswer answer, int token, (RequestHeader Header, string Topic, ProduceRequest.Partition Partition) what, Openings openings)
    {
        var known = door.Catalog.Current.Find(what.Topic);
        if ((known is null || (uint)what.Partition.Index >= (uint)known.PartitionCount) && UnknownOf(what.Topic, what.Header) == ErrorCode.UnknownTopicOrPartition)
        {
            await door.Updates.LookAgainAsync(openings.Gone);
            known = door.Catalog.Current.Find(what.Topic);
        }

        if (known is null || (uint)what.Partition.Index >= (uint)known.PartitionCount || IsInternal(what.Topic, what.Header))
        {
            answer.Refuse(token, UnknownOf(what.Topic, what.Header));
            return;
        }

        if (answer.IsBehindRefused(what.Topic, what.Partition.Index))
        {
            answer.RefuseBehind(token);
            return;
        }

        var opened = await openings.WaitAsync(new PartitionId(known.Id, what.Partition.Index));
        if (opened.Handle is not { } handle)
        {
            answer.Refuse(token, opened.Error, opened.Leader);
            return;
        }

        var context = new AppendContext(what.Header.Version >= FirstWithZstd);

        // Asked again after every wait: a batch that was in the lane before it may have been refused meanwhile.
        while (!answer.IsBehindRefused(what.Topic, what.Partition.Index))
        {
            if (handle.Append(what.Partition.Records.GetValueOrDefault().Span, context, answer, token) != AppendStatus.Full)
            {
                return;
            }

            // Back-pressure, for as long as the client waits. Nothing was stored, and that is what this code lets it know; a timeout would leave it in doubt.
            if (!await answer.RoomAsync(handle, openings.Gone))
            {
                answer.Refuse(token, ErrorCode.KafkaStorageError, "Storage does not keep up: within the request's timeout there was no room for the batch.");
                return;
            }
        }

        answer.RefuseBehind(token);
    }

    // The request goes on with the catalog's own string of the name: what is kept of it longer costs nothing then.
    private Topic? FindAndName(ProduceRequest.Topic topic)
    {
        var known = door.Catalog.Current.Find(topic.Name);
        if (known is not null)
        {
            topic.Name = known.Name;
        }

        return known;
    }

    private static void RefuseAll(ProduceAnswer answer, ErrorCode error)
    {
        for (var token = 0; token < answer.Count; token++)
        {
            answer.Refuse(token, error);
        }
    }

    private static ErrorCode RefusalOf(ProduceRequest request) => request switch
    {
        { Acks: not (-1 or 0 or 1) } => ErrorCode.InvalidRequiredAcks,
        { TransactionalId: not null } => ErrorCode.TransactionalIdAuthorizationFailed,
        _ => HasTransactionalBatch(request) ? ErrorCode.TransactionalIdAuthorizationFailed : ErrorCode.None,
    };

    // One transactional batch refuses the whole request, as in Kafka: there are no transactions here yet.
    private static bool HasTransactionalBatch(ProduceRequest request)
    {
        foreach (var topic in request.Topics)
        {
            foreach (var partition in topic.Partitions)
            {
                if (IsTransactionalBatch(partition.Records.GetValueOrDefault().Span))
                {
                    return true;
                }
            }
        }

        return false;
    }

    // Garbage has any bit; it is refused as what it is, with a code after which clients send again.
    private static bool IsTransactionalBatch(ReadOnlySpan<byte> records) =>
        records.Length >= RecordBatchLayout.Records && records[RecordBatchLayout.Magic] == RecordBatchLayout.CurrentMagic
        && BinaryPrimitives.ReadInt32BigEndian(records[RecordBatchLayout.BatchLength..]) is var length
        && length >= RecordBatchLayout.Records - RecordBatchLayout.LengthOverhead && length <= records.Length - RecordBatchLayout.LengthOverhead
        && (BinaryPrimitives.ReadInt16BigEndian(records[RecordBatchLayout.Attributes..]) & RecordBatchLayout.TransactionalBit) != 0;

    private static void RefuseNullRecords(ProduceRequest request)
    {
        foreach (var topic in request.Topics)
        {
            foreach (var partition in topic.Partitions)
            {
                if (partition.Records is null)
                {
                    throw new ProtocolViolationException("A Produce request with null records.");
                }
            }
        }
    }

    private ErrorCode UnknownOf(string topic, in RequestHeader header) =>
        IsInternal(topic, header) ? ErrorCode.InvalidTopicException
        : door.Catalog.IsLoaded ? ErrorCode.UnknownTopicOrPartition
        : ErrorCode.NotLeaderOrFollower;

    private static bool IsInternal(string topic, in RequestHeader header) => InternalTopics.Contains(topic) && header.ClientId != InternalTopics.AdminClient;

    [LoggerMessage(Level = LogLevel.Error, Message = "Produce failed unexpectedly and was answered so")]
    private static partial void LogFailed(ILogger log, Exception failure);
}
