import { describe, expect, it } from '@jest/globals';
import { trustCommand } from '../../packages/local/demo/trust-command.js';

describe('the command that trusts the local certificate authority (B54)', () => {
  it.each([
    [
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36',
      `mkdir -p ~/.pki/nssdb && certutil -d sql:$HOME/.pki/nssdb -A -t "C,," -n edgepass -i '/data/tls/ca.pem'`,
    ],
    [
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15',
      `security add-trusted-cert -r trustRoot -k ~/Library/Keychains/login.keychain-db '/data/tls/ca.pem'`,
    ],
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36',
      'certutil -user -addstore Root "/data/tls/ca.pem"',
    ],
    ['Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0', '/data/tls/ca.pem'],
  ])('%s', (userAgent, command) => {
    expect(trustCommand(userAgent, '/data/tls/ca.pem').command).toBe(command);
  });
});
