// What the browser test stands on: the server as a process, a raw IRC client, Chromium, and checks that print a sentence.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const SHOTS = path.join(ROOT, 'target/browser');
/** How long a condition may take to come true; far above what a busy machine of two cores needs. */
export const PATIENCE_MS = 15_000;

let passed = 0;
const failures = [];

/** Runs one check and prints its sentence; the others go on when it fails. */
export async function check(sentence, body) {
  try {
    await body();
    passed += 1;
    console.log(`ok    ${sentence}`);
  } catch (error) {
    failures.push(sentence);
    console.log(`FAIL  ${sentence}\n      ${String(error?.stack ?? error).split('\n').slice(0, 8).join('\n      ')}`);
  }
}

/** Prints the closing line and gives the exit code. */
export function close() {
  if (failures.length) console.log(`\nFailed:\n${failures.map((sentence) => `  ${sentence}`).join('\n')}`);
  console.log(`${passed} passed, ${failures.length} failed`);
  return failures.length === 0 ? 0 : 1;
}

export function assert(truth, words) {
  if (!truth) throw new Error(words);
}

/** Waits until `probe` gives something true, and gives that. */
export async function until(words, probe, patienceMs = PATIENCE_MS) {
  const end = Date.now() + patienceMs;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited ${patienceMs} ms in vain until ${words}`);
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}

export async function freePort() {
  const probe = net.createServer();
  await new Promise((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** The binary named by the caller, or else the one that cargo built last. */
export function serverPath() {
  const given = process.argv[2] ?? process.env.CHAT_SERVER;
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const built = ['release', 'debug']
    .map((profile) => path.join(process.env.CARGO_TARGET_DIR ?? path.join(ROOT, 'target'), profile, 'examples', `chat${suffix}`))
    .filter(existsSync)
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  const found = given ? path.resolve(given) : built[0];
  if (!found || !existsSync(found)) throw new Error('no chat server: run `cargo build --example chat` first, or name the binary');
  return found;
}

const answers = (port) =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });

/** The chat server on two ports of its own. */
export class Server {
  #process = null;
  #log = '';

  static async create(binary = serverPath(), more = []) {
    const server = new Server();
    server.binary = binary;
    server.more = more;
    server.ircPort = await freePort();
    server.httpPort = await freePort();
    server.url = `http://127.0.0.1:${server.httpPort}/`;
    return server;
  }

  async start() {
    const args = ['--irc', `127.0.0.1:${this.ircPort}`, '--http', `127.0.0.1:${this.httpPort}`, ...this.more];
    const child = spawn(this.binary, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = child;
    const keep = (data) => (this.#log = (this.#log + data).slice(-20_000));
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    await until('the server listens', async () => {
      if (child.exitCode !== null) throw new Error(`the server ended at once:\n${this.#log}`);
      return (await answers(this.httpPort)) && (await answers(this.ircPort));
    });
  }

  async stop(signal = 'SIGKILL') {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await gone;
  }

  get log() {
    return this.#log;
  }
}

/** A client as irssi is one: plain lines over TCP. */
export class Irc {
  #socket;
  #rest = '';
  lines = [];

  static async create(port, nick, caps = 'message-tags server-time') {
    const client = new Irc();
    client.nick = nick;
    client.#socket = net.connect(port, '127.0.0.1');
    client.#socket.setEncoding('utf8');
    client.#socket.on('data', (data) => client.#take(data));
    client.#socket.on('error', () => {});
    client.send('CAP LS 302');
    client.send(`NICK ${nick}`);
    client.send(`USER ${nick} 0 * :${nick} <img src=x onerror=alert(1)>`);
    if (caps) client.send(`CAP REQ :${caps}`);
    client.send('CAP END');
    await client.sees(/ (376|422) /);
    return client;
  }

  #take(data) {
    this.#rest += data;
    const lines = this.#rest.split(/\r?\n/);
    this.#rest = lines.pop();
    for (const line of lines) {
      this.lines.push(line);
      if (/^(:\S+ )?PING/.test(line)) this.send(line.replace(/^(:\S+ )?PING/, 'PONG'));
    }
  }

  send(line) {
    this.#socket.write(`${line}\r\n`);
  }

  async join(room) {
    const from = this.lines.length;
    this.send(`JOIN ${room}`);
    await until(`${this.nick} is in ${room}`, () => this.lines.slice(from).some((line) => / 366 /.test(line) && line.includes(room)));
  }

  /** Waits for a line; `from` leaves out what came earlier. */
  sees(pattern, from = 0) {
    return until(`${this.nick} receives ${pattern}; last: ${this.lines.at(-1)}`, () => this.lines.slice(from).find((line) => pattern.test(line)));
  }

  close() {
    this.#socket.destroy();
  }
}

/** Chromium with the flags that keep it from talking to anyone but the server. */
export const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync',
    ],
  });

/** A window of its own (nothing shared with the others) that notes everything a page should not do. */
export async function openPage(browser, url, { name = 'page', ready = '#welcome[open]', ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: 'light', reducedMotion: 'reduce', locale: 'en-GB', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  page.label = name;
  page.complaints = [];
  page.foreign = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') page.complaints.push(`${name}: ${message.text()}`);
  });
  page.on('pageerror', (error) => page.complaints.push(`${name}: ${error.stack}`));
  page.on('dialog', (dialog) => {
    page.complaints.push(`${name}: a dialog opened: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on('request', (request) => {
    const { host, protocol } = new URL(request.url());
    if (host !== new URL(url).host && protocol !== 'data:') page.foreign.push(request.url());
  });
  await page.addInitScript(() => {
    window.__violations = [];
    document.addEventListener('securitypolicyviolation', (event) => window.__violations.push(`${event.violatedDirective} ${event.blockedURI}`));
  });
  await page.goto(url);
  await page.waitForSelector(ready);
  return page;
}

/** Fills the first dialog in and waits until the room is there. */
export async function enter(page, nick, room = '#lobby') {
  await page.fill('#welcome-nick', nick);
  await page.fill('#welcome-room', room);
  await page.press('#welcome-room', 'Enter');
  await page.waitForSelector('#welcome', { state: 'hidden' });
  if (room) await page.waitForFunction((name) => document.querySelector('#title').textContent === name, room);
}

export async function say(page, text) {
  await page.fill('#text', text);
  await page.press('#text', 'Enter');
}

/** Waits for a line in the log whose words contain `text`; gives its locator. */
export async function line(page, text) {
  const found = page.locator('#lines .line', { hasText: text }).last();
  await found.waitFor({ state: 'visible' });
  return found;
}

export const place = (page, name) => page.locator(`#places [data-id="${name}"]`);
export const person = (page, nick) => page.locator(`#people-list [data-nick="${nick}"]`);

export const text = (page, selector) => page.locator(selector).innerText();

export const textIs = (page, selector, wanted) =>
  until(`${selector} of ${page.label} matches ${wanted}`, async () => wanted.test(await text(page, selector)));

export const titleIs = (page, wanted) => until(`the title of ${page.label} matches ${wanted}`, async () => wanted.test(await page.title()));

export async function shot(page, name) {
  mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: path.join(SHOTS, `${name}.png`), animations: 'disabled' });
}
