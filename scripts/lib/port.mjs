// port.mjs free             prints a free port
// port.mjs check HOST:PORT  if nothing can listen there, prints why in a sentence and exits 1
import { createServer } from 'node:net';

const [command, address] = process.argv.slice(2);
const server = createServer();

if (command === 'free') {
  server.listen(0, '127.0.0.1', () => {
    console.log(server.address().port);
    server.close();
  });
} else {
  const [, host, port] = /^(.*):(\d+)$/.exec(address) ?? [];
  // The server itself explains an address that it cannot parse.
  if (port === undefined || Number(port) > 65535) process.exit(0);
  const reasons = {
    EADDRINUSE: `Something listens on ${address} already. Stop it, or choose another address: LISTEN_ADDR=127.0.0.1:3100 scripts/run`,
    EACCES: `${address} needs more rights than yours. Choose a port above 1023: LISTEN_ADDR=127.0.0.1:3100 scripts/run`,
    EADDRNOTAVAIL: `This machine has no address ${host}. Set LISTEN_ADDR to one it has, such as 127.0.0.1:3000.`,
  };
  server.on('error', (error) => {
    const reason = reasons[error.code];
    if (reason) console.log(reason);
    process.exit(reason ? 1 : 0);
  });
  server.listen(Number(port), host.replace(/^\[(.*)\]$/, '$1'), () => server.close());
}
