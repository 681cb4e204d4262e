// One function for each SDK and operation: it sends text and returns the answer's text, or an
// async iterator over its pieces.
import OpenAI, { toFile } from 'openai';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import { Mistral } from '@mistralai/mistralai';
import { CohereClientV2 } from 'cohere-ai';
import { Ollama } from 'ollama';
import Groq from 'groq-sdk';

const user = (content) => [{ role: 'user', content }];
async function* pieces(stream, piece) {
  for await (const event of await stream) yield piece(event);
}
const delta = (e) => e.choices[0]?.delta?.content;
const textFile = (text) => new File([text], 'notes.txt', { type: 'text/plain' });

// The clients read the global fetch when they are made: run.mjs replaces it before the first call.
const lazy = (make) => {
  let made;
  return () => (made ??= make());
};
const openai = lazy(() => new OpenAI({ apiKey: 'not-a-key' }));
const anthropic = lazy(() => new Anthropic({ apiKey: 'not-a-key' }));
const google = lazy(() => new GoogleGenAI({ apiKey: 'not-a-key' }));
const mistral = lazy(() => new Mistral({ apiKey: 'not-a-key' }));
const cohere = lazy(() => new CohereClientV2({ token: 'not-a-key' }));
const ollama = lazy(() => new Ollama({ host: 'https://ollama.com', fetch: (...a) => globalThis.fetch(...a) }));
const groq = lazy(() => new Groq({ apiKey: 'not-a-key' }));

export const clients = {
  openai: {
    chat: async (text) => (await openai().chat.completions.create({ model: 'gpt-4o', messages: user(text) })).choices[0].message.content,
    stream: (text) => pieces(openai().chat.completions.create({ model: 'gpt-4o', stream: true, messages: user(text) }), delta),
    responses: async (text) => (await openai().responses.create({ model: 'gpt-4o', instructions: 'Be terse', input: text })).output_text,
    upload: async (text) => (await openai().files.create({ purpose: 'assistants', file: await toFile(Buffer.from(text), 'notes.txt') })).id,
  },
  anthropic: {
    chat: async (text) => (await anthropic().messages.create({ model: 'claude', max_tokens: 64, messages: user(text) })).content[0].text,
    stream: (text) => pieces(anthropic().messages.create({ model: 'claude', max_tokens: 64, stream: true, messages: user(text) }), (e) => (e.type === 'content_block_delta' ? e.delta.text : '')),
    upload: async (text) => (await (anthropic().beta.files ?? anthropic().files).upload({ file: textFile(text) })).id,
  },
  google: {
    chat: async (text) => (await google().models.generateContent({ model: 'gemini-2.5-flash', contents: text })).text,
    stream: (text) => pieces(google().models.generateContentStream({ model: 'gemini-2.5-flash', contents: text }), (e) => e.text),
    upload: async (text) => (await google().files.upload({ file: new Blob([text], { type: 'text/plain' }), config: { displayName: 'notes.txt', mimeType: 'text/plain' } })).name,
  },
  mistral: {
    chat: async (text) => (await mistral().chat.complete({ model: 'mistral-small', messages: user(text) })).choices[0].message.content,
    stream: (text) => pieces(mistral().chat.stream({ model: 'mistral-small', messages: user(text) }), (e) => e.data.choices[0].delta.content),
    upload: async (text) => (await mistral().files.upload({ file: { fileName: 'notes.txt', content: new Blob([text]) }, purpose: 'ocr' })).id,
  },
  cohere: {
    chat: async (text) => (await cohere().chat({ model: 'command-r', messages: user(text) })).message.content[0].text,
    stream: (text) => pieces(cohere().chatStream({ model: 'command-r', messages: user(text) }), (e) => (e.type === 'content-delta' ? e.delta.message.content.text : '')),
  },
  groq: {
    chat: async (text) => (await groq().chat.completions.create({ model: 'llama', messages: user(text) })).choices[0].message.content,
    stream: (text) => pieces(groq().chat.completions.create({ model: 'llama', stream: true, messages: user(text) }), delta),
  },
  ollama: {
    chat: async (text) => (await ollama().chat({ model: 'gpt-oss', messages: user(text) })).message.content,
    stream: (text) => pieces(ollama().chat({ model: 'gpt-oss', stream: true, messages: user(text) }), (e) => e.message.content),
  },
};
