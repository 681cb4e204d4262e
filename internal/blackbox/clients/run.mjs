// Drives real SDKs through the proxy. Reads a JSON array of tasks from stdin,
//   {"case": "openai-chat", "client": "openai", "op": "chat", "text": "…"},
// and prints one JSON object a task: {"case", "text"} when the call succeeded, else
// {"case", "error": {"name", "status", "message"}}; with "requests" that the SDK made,
// "first_ms" until the first piece of a streamed answer, and "ms" in all.
import * as undici from 'undici';
import { clients } from './sdks.mjs';

// Node ignores HTTPS_PROXY; one dispatcher for the built-in fetch does it for every SDK. The
// authority that signs the proxy's certificates comes with NODE_EXTRA_CA_CERTS.
const proxy = new URL(process.env.PROXY);
const password = decodeURIComponent(proxy.password);
const token = 'Basic ' + Buffer.from(`${proxy.username}:${password}`).toString('base64');
undici.setGlobalDispatcher(new undici.ProxyAgent({ uri: proxy.origin, token }));

// Every request names its case and is counted, retries of the SDKs too.
let current = { name: '', requests: 0 };
const fetchOnce = globalThis.fetch;
globalThis.fetch = (input, init) => {
  const url = input instanceof Request ? input.url : String(input);
  if (!url.startsWith('https:')) return fetchOnce(input, init); // SDKs try features out on data: URLs
  current.requests++;
  const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
  headers.set('x-blackbox-case', current.name);
  return fetchOnce(input, { ...init, headers });
};

async function read(stream) {
  const chunks = [];
  for await (const c of stream) chunks.push(c);
  return JSON.parse(Buffer.concat(chunks).toString());
}

async function run(task) {
  current = { name: task.case, requests: 0 };
  const result = { case: task.case };
  const start = performance.now();
  try {
    const op = clients[task.client]?.[task.op];
    if (!op) throw new Error(`no operation ${task.op} of client ${task.client}`);
    const answer = await op(task.text);
    if (typeof answer === 'string') {
      result.text = answer;
    } else { // a stream of pieces
      result.text = '';
      for await (const piece of answer) {
        result.first_ms ??= performance.now() - start;
        result.text += piece ?? '';
      }
    }
  } catch (e) {
    result.error = {
      name: e?.constructor?.name ?? '',
      status: e?.status ?? e?.statusCode ?? e?.status_code ?? 0,
      message: String(e?.message ?? e),
    };
  }
  result.ms = performance.now() - start;
  result.requests = current.requests;
  return result;
}

for (const task of await read(process.stdin)) {
  console.log(JSON.stringify(await run(task)));
}
process.exit(0); // connections that are kept alive would hold the process
