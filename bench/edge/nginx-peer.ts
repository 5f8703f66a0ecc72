import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startProgram, type ServerProcess } from '../server-process.js';

/** An nginx with one worker process that serves the files of a folder. */
export function startNginxOrigin(root: string, files: string, readyPath: string): Promise<ServerProcess> {
  const site = `location / { root ${files}; open_file_cache max=100; }`;
  return startNginx(join(root, 'nginx-origin'), site, readyPath);
}

/**
 * An nginx with one worker process before a server: what lies below `/files/` is kept by `proxy_cache`, the rest is asked
 * for each time. It verifies nothing.
 */
export function startNginxProxy(
  root: string,
  origin: ServerProcess,
  readyPath: string,
): Promise<ServerProcess> {
  const folder = join(root, 'nginx-proxy');
  const site = `
    location /files/ { proxy_pass http://origin; proxy_cache copies; proxy_cache_valid 200 1h; }
    location / { proxy_pass http://origin; }`;
  const around = `
  proxy_cache_path ${join(folder, 'cache')} keys_zone=copies:10m max_size=256m;
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  upstream origin { server ${origin.host}:${origin.port}; keepalive 64; }`;
  return startNginx(folder, site, readyPath, around);
}

function startNginx(folder: string, site: string, readyPath: string, around = ''): Promise<ServerProcess> {
  mkdirSync(folder);
  const start = (port: number) => {
    const file = join(folder, 'nginx.conf');
    writeFileSync(file, configuration(folder, port, site, around));
    return spawn('nginx', ['-p', folder, '-c', file, '-e', join(folder, 'error.log')], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  };
  return startProgram('nginx', start, readyPath);
}

function configuration(folder: string, port: number, site: string, around: string): string {
  // As root the worker would be another user, who may not read the temporary folder.
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${join(folder, name)};`)
    .join(' ');
  return `${user}
daemon off;
worker_processes 1;
pid ${join(folder, 'nginx.pid')};
events { worker_connections 512; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000000;
  ${temporary}
  ${around}
  server {
    listen 127.0.0.1:${port};
    ${site}
  }
}
`;
}
