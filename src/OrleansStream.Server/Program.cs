using OrleansStream.Server.CommandLine;

return await Commands.RunAsync(args);
