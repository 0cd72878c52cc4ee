// The WebSocket, made again by itself when it breaks.

/** First and longest wait before another attempt. Each wait is a random share of its bound, so that clients spread out. */
export const WAIT_MIN_MS = 1_000;
export const WAIT_MAX_MS = 30_000;
/** A server that is silent for this long is asked whether it is there… */
export const SILENCE_MAX_MS = 45_000;
/** …and given up when it does not answer within this. */
export const ANSWER_MAX_MS = 15_000;
/** How long an attempt may take. */
const OPEN_MAX_MS = 10_000;
/** Lines that may go out at once, and then one each so many milliseconds: a server's flood protection is not a place to live in. */
export const BURST_LINES_MAX = 40;
export const LINE_EVERY_MS = 125;

/** The wait before attempt `attempt` (from 0); `chance` is in [0, 1). Half of the bound is certain, half is chance. */
export function backOff(attempt, chance) {
  const bound = Math.min(WAIT_MAX_MS, WAIT_MIN_MS * 2 ** Math.min(attempt, 10));
  return Math.round(bound / 2 + (bound / 2) * chance);
}

/**
 * Reports through `on`: `open()`, `line(text)`, `status({ state, attempt, retryAt })` with the states connecting, open,
 * waiting and closed. Lines given before `open` are not kept: who connects anew begins anew.
 */
export class Connection {
  #urls;
  #on;
  #socket = null;
  #attempt = 0;
  #retryTimer = null;
  #openTimer = null;
  #watchTimer = null;
  #heardAt = 0;
  #asked = false;
  #queue = [];
  #tokens = BURST_LINES_MAX;
  #tokensAt = 0;
  #drainTimer = null;
  #wanted = false;

  constructor(url, on) {
    this.#urls = [url];
    this.#on = on;
    // A laptop that wakes up or finds its network should not wait for the timer.
    window.addEventListener('online', () => this.#wanted && !this.#socket && this.retryNow());
    document.addEventListener('visibilitychange', () => {
      if (document.hidden || !this.#wanted) return;
      if (this.#socket) this.#watch();
      else this.retryNow();
    });
  }

  start() {
    this.#wanted = true;
    this.#attempt = 0;
    this.#open();
  }

  /** Ends the connection and does not come back. */
  stop(lastLine) {
    this.#wanted = false;
    clearTimeout(this.#retryTimer);
    const socket = this.#socket;
    if (socket?.readyState === WebSocket.OPEN && lastLine) socket.send(lastLine);
    this.#forget();
    socket?.close(1000);
    this.#on.status({ state: 'closed' });
  }

  retryNow() {
    if (this.#socket) return;
    clearTimeout(this.#retryTimer);
    this.#wanted = true;
    this.#open();
  }

  /** Breaks the connection and makes it again. */
  restart() {
    this.#attempt = 0;
    const socket = this.#socket;
    this.#forget();
    socket?.close(1000);
    this.retryNow();
  }

  /** Where else there is a server of the same network: the next one is tried when the present one is lost. */
  known(urls) {
    const [here] = this.#urls;
    this.#urls = [here, ...[...urls, ...this.#urls].filter((url, at, all) => url !== here && all.indexOf(url) === at)];
  }

  /** The server accepted us: the next break begins with the shortest wait again. */
  settled() {
    this.#attempt = 0;
  }

  send(line) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#queue.push(line);
    this.#drain();
  }

  #drain() {
    clearTimeout(this.#drainTimer);
    const now = Date.now();
    this.#tokens = Math.min(BURST_LINES_MAX, this.#tokens + (now - this.#tokensAt) / LINE_EVERY_MS);
    this.#tokensAt = now;
    while (this.#queue.length > 0 && this.#tokens >= 1) {
      this.#tokens -= 1;
      this.#socket.send(this.#queue.shift());
    }
    if (this.#queue.length > 0) this.#drainTimer = setTimeout(() => this.#drain(), LINE_EVERY_MS);
  }

  #open() {
    this.#forget();
    this.#on.status({ state: 'connecting', attempt: this.#attempt });
    const socket = new WebSocket(this.#urls[0], ['text.ircv3.net']);
    this.#socket = socket;
    // A handshake that hangs would keep the page in "connecting" for minutes.
    this.#openTimer = setTimeout(() => this.#current(socket) && this.#broken(), OPEN_MAX_MS);
    socket.onopen = () => {
      if (!this.#current(socket)) return;
      clearTimeout(this.#openTimer);
      this.#heardAt = Date.now();
      this.#watchTimer = setInterval(() => this.#watch(), 5_000);
      this.#on.status({ state: 'open' });
      this.#on.open();
    };
    socket.onmessage = ({ data }) => {
      if (!this.#current(socket) || typeof data !== 'string') return;
      this.#heardAt = Date.now();
      this.#asked = false;
      this.#on.line(data);
    };
    socket.onclose = () => this.#current(socket) && this.#broken();
  }

  #current(socket) {
    return this.#socket === socket;
  }

  #watch() {
    const silent = Date.now() - this.#heardAt;
    if (silent > SILENCE_MAX_MS + ANSWER_MAX_MS && this.#asked) this.#broken();
    else if (silent > SILENCE_MAX_MS && !this.#asked) {
      this.#asked = true;
      this.#heardAt = Date.now() - SILENCE_MAX_MS; // A machine that slept gives the server its full time to answer.
      this.send('PING :still-there');
    }
  }

  #broken() {
    const socket = this.#socket;
    this.#forget();
    socket?.close();
    if (!this.#wanted) return;
    this.#urls.push(this.#urls.shift());
    const wait = backOff(this.#attempt, Math.random());
    this.#attempt += 1;
    this.#retryTimer = setTimeout(() => this.#open(), wait);
    this.#on.status({ state: 'waiting', attempt: this.#attempt, retryAt: Date.now() + wait });
  }

  #forget() {
    this.#socket = null;
    this.#queue = [];
    this.#tokens = BURST_LINES_MAX;
    this.#asked = false;
    clearTimeout(this.#openTimer);
    clearInterval(this.#watchTimer);
    clearTimeout(this.#drainTimer);
  }
}
