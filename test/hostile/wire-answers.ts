/** One answer as it came over the wire. */
export interface WireAnswer {
  /** 0 where the bytes are no answer. */
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  /** Fewer bytes came than its length says. */
  readonly isCutOff: boolean;
}

/** Everything that went over one connection, Latin-1. */
export interface Conversation {
  readonly sent: string;
  readonly received: string;
}

/** The values of one header of an answer, name in lower case. */
export function valuesOf(answer: WireAnswer, name: string): readonly string[] {
  return answer.headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
}

/** The final answers of one connection in order; a body is as long as its Content-Length says. */
export function answersIn({ sent, received }: Conversation): readonly WireAnswer[] {
  const mayLackBodies = /(?:^|\n)HEAD /.test(sent);
  const answers: WireAnswer[] = [];
  for (let at = 0; at < received.length;) {
    const end = received.indexOf('\r\n\r\n', at);
    const [statusLine = '', ...lines] = received.slice(at, end).split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1]);
    if (end === -1 || Number.isNaN(status)) {
      return [...answers, { status: 0, headers: [], body: received.slice(at), isCutOff: true }];
    }
    at = end + 4;
    if (status < 200) continue;
    const headers = lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).trim()] as const;
    });
    const length = Number(headers.find(([name]) => name.toLowerCase() === 'content-length')?.[1] ?? 0);
    const isEmpty = mayLackBodies && (at === received.length || received.startsWith('HTTP/1.1 ', at));
    const body = isEmpty ? '' : received.slice(at, at + length);
    answers.push({ status, headers, body, isCutOff: !isEmpty && body.length < length });
    at += body.length;
  }
  return answers;
}
