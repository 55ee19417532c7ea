// Serves `ui/dist` before a server that does not have these files inside, under the same policy and with the same rules.
// The tests use it only when the server was built without the pages.
import { existsSync, readFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { connect } from "node:net";
import { extname, join } from "node:path";

export const POLICY =
  "default-src 'self'; connect-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-src 'none'; frame-ancestors 'none'; worker-src 'none'";
const KINDS = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const DIST = new URL("../dist/", import.meta.url).pathname;

export async function front(server, port) {
  const listener = createServer((asked, answer) => {
    const { pathname } = new URL(asked.url, "http://front");
    if (/^\/(at\/[^/]+\/api|api|bin|derp|healthz)(\/|$)/.test(pathname)) {
      const onward = request({ host: "127.0.0.1", port: server.port, path: asked.url, method: asked.method, headers: asked.headers }, (reply) => {
        answer.writeHead(reply.statusCode, reply.headers);
        reply.pipe(answer);
      });
      onward.on("error", () => answer.destroy());
      asked.pipe(onward);
      return;
    }
    const file = join(DIST, pathname);
    const found = file.startsWith(DIST) && extname(file) !== "" && existsSync(file) ? file : pathname.startsWith("/assets/") ? undefined : join(DIST, "index.html");
    if (!found) return answer.writeHead(404).end();
    answer.writeHead(200, { "Content-Type": KINDS[extname(found)] ?? "application/octet-stream", "Content-Security-Policy": POLICY });
    answer.end(readFileSync(found));
  });
  const upgraded = new Set();
  listener.on("upgrade", (asked, socket, head) => {
    upgraded.add(socket);
    const onward = connect(server.port, "127.0.0.1", () => {
      const lines = [`${asked.method} ${asked.url} HTTP/1.1`];
      for (let at = 0; at < asked.rawHeaders.length; at += 2) lines.push(`${asked.rawHeaders[at]}: ${asked.rawHeaders[at + 1]}`);
      onward.write(`${lines.join("\r\n")}\r\n\r\n`);
      onward.write(head);
      socket.pipe(onward).pipe(socket);
    });
    onward.on("error", () => socket.destroy());
    socket.on("error", () => onward.destroy());
  });
  await new Promise((resolve) => listener.listen(port, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${port}`, close: () => new Promise((resolve) => { listener.close(resolve); listener.closeAllConnections(); upgraded.forEach((socket) => socket.destroy()); }) };
}
