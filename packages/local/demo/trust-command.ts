/** The command that makes the browser's system trust the authority (B54). It may vouch for local hosts only. */
export function trustCommand(userAgent: string, caFile: string): { label: string; command: string } {
  if (/Firefox/.test(userAgent)) {
    return { label: 'Firefox: Settings, Certificates, Authorities, Import this file:', command: caFile };
  }
  if (/Mac OS X/.test(userAgent)) {
    return {
      label: 'On macOS:',
      command: `security add-trusted-cert -r trustRoot -k ~/Library/Keychains/login.keychain-db '${caFile}'`,
    };
  }
  if (/Windows/.test(userAgent)) {
    return { label: 'On Windows:', command: `certutil -user -addstore Root "${caFile}"` };
  }
  return {
    label: 'On Linux (Chrome, Chromium):',
    command: `mkdir -p ~/.pki/nssdb && certutil -d sql:$HOME/.pki/nssdb -A -t "C,," -n edgepass -i '${caFile}'`,
  };
}
