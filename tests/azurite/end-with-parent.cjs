// Loaded before Azurite: ends it when whoever started it is gone, however that ended. The starter holds the other end of stdin.
process.stdin.on('end', () => process.exit(0));
process.stdin.on('error', () => process.exit(0));
process.stdin.resume();
