import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createProxyServer, type ProxyServerOptions } from 'httpxy';
import {
  answerFault,
  copyAnswer,
  devServerBroke,
  devServerDown,
  type ProxyInput,
} from './dev-server-answer.js';

import { isUnderLocalhost, portOf } from './parts.js';
import { isForHost, refusesHost, type Site } from './server.js';
import { systemCode } from './problem.js';

/**
 * Puts the user's own dev server behind a local HTTPS name, WebSockets (hot reload) included. The dev server
 * gets the public address in `Host` and `X-Forwarded-*`. Nothing that it answers, and no way in which it
 * breaks, reaches the rest of the stack: what cannot be passed on is a 502.
 */
export function devProxy(input: ProxyInput): Site {
  const own = new URL(input.publicOrigin);
  const rewritesHost = input.flag === '--app' && !isUnderLocalhost(own.hostname);
  const proxy = createProxyServer({
    target: reachable(input.target),
    // Vite, webpack and Next answer to `*.localhost` and to nothing else that their configuration does not list.
    changeOrigin: rewritesHost,
    // The certificate of a dev server on this machine is its own business.
    secure: false,
    // httpxy makes the options of its request from these. An answer that clears twenty long grants has some 20 KB of
    // headers (docs/deploying.md), and Node's limit of 16 KB would make a 502 of it.
    ssl: { maxHeaderSize: LONGEST_HEAD_BYTES },
    // Node throws at a head that it cannot write, httpxy writes it from an event where nobody can catch that.
    selfHandleResponse: true,
  });

  proxy.on('proxyReq', (outgoing, request, response) => {
    // Without this listener Node closes the connection, and neither an error nor an answer comes of it.
    outgoing.once('upgrade', (_answer, socket: Socket) => {
      socket.destroy();
      devServerBroke(response, request, input, 'a switch of protocols that nobody asked for');
    });
  });
  proxy.on('proxyRes', (answer, request, response) => {
    const fault = copyAnswer(answer, response);
    if (fault !== null) devServerBroke(response, request, input, fault);
  });
  proxy.on('error', (error, request, response) => {
    if (response instanceof Socket || response === undefined) {
      if (response !== undefined) refuseUpgrade(response);
      return;
    }
    if (request === undefined || response.headersSent || response.destroyed) response.destroy();
    else devServerDown(response, request, input, systemCode(error));
  });
  proxy.on('proxyReqWs', (outgoing, _request, socket) => {
    // One side that vanishes takes the other with it: a half of a WebSocket would hold the process open.
    socket.once('close', () => outgoing.destroy());
    outgoing.once('upgrade', (_answer, targetSocket: Socket) => {
      switched.add(socket);
      socket.once('close', () => targetSocket.destroy());
      targetSocket.once('close', () => socket.destroy());
    });
    // Before httpxy's own listener, which writes whatever it gets to a socket that is still open.
    outgoing.once('response', (answer) => {
      if (answerFault(answer) === null) switched.add(socket);
      else refuseUpgrade(socket);
    });
  });
  // A browser that closed the tab is no event.
  proxy.on('econnreset', () => {});

  /** Sockets that have had an answer to their handshake: no second one may follow. */
  const switched = new WeakSet<Duplex>();
  const refuseUpgrade = (socket: Duplex): void => {
    if (switched.has(socket) || socket.destroyed) socket.destroy();
    else socket.end('HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  };

  return {
    request: (request, response) => {
      // Host is what a dev server tells friend from foe by (DNS rebinding); where we rewrite it, we check it.
      if (refusesHost(request, response, own.host)) return;
      forward(request, own);
      proxy.web(request, response).catch(() => response.destroy());
    },
    upgrade: (request, socket, head) => {
      socket.on('error', () => socket.destroy());
      if (!isForHost(request, own.host)) {
        socket.end('HTTP/1.1 421 Misdirected Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
        return;
      }
      forward(request, own);
      // Dev servers compare the page's Origin with Host. Only our own page's is put on the target's name:
      // a foreign page keeps its own, and is refused.
      if (rewritesHost && request.headers.origin === own.origin) request.headers.origin = input.target.origin;
      proxy.ws(request, socket as Socket, {}, head).catch(() => socket.destroy());
    },
  };
}

const LONGEST_HEAD_BYTES = 64 * 1024;

/** The address to connect to: Node resolves `localhost` but not the names below it (B47), nor `[::1]` in brackets. */
function reachable(target: URL): ProxyServerOptions['target'] & object {
  const hostname = target.hostname.endsWith('.localhost')
    ? 'localhost'
    : target.hostname.replace(/^\[|\]$/g, '');
  return { protocol: target.protocol, hostname, host: target.host, port: portOf(target), pathname: '' };
}

/** What came in under these names is the client's invention: nothing stands before this proxy. */
function forward(request: IncomingMessage, own: URL): void {
  for (const name of Object.keys(request.headers)) {
    if (/^(?:forwarded|x-forwarded-.*|x-real-ip)$/.test(name)) delete request.headers[name];
  }
  // Node has said 100 Continue already.
  delete request.headers.expect;
  request.headers['x-forwarded-for'] = request.socket.remoteAddress ?? '127.0.0.1';
  request.headers['x-forwarded-host'] = own.host;
  request.headers['x-forwarded-proto'] = own.protocol.slice(0, -1);
  request.headers['x-forwarded-port'] =
    own.port === '' ? (own.protocol === 'https:' ? '443' : '80') : own.port;
}
