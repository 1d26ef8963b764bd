using OrleansStream.Server.CommandLine;

return await Commands.Root().Parse(args).InvokeAsync();
