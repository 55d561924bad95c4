// A subscriber to the results of an Inspector line, with recovery and CURVE: Node.js and zeromq.js 6. Apache-2.0, as the whole project.
//
// Prints every verdict once, in the order of `seq`, as a line of JSON on stdout. What it missed it asks for over the recovery socket;
// what it could not get, and whatever else a person should know, is a line of JSON on stderr.
// Exit status: 0 nothing is missing, 3 something is, 2 wrong options, 1 it could not begin.
import {setTimeout as sleep} from "node:timers/promises"
import * as zmq from "zeromq"
import {decode, decodeReply, verdictLine} from "./message.js"
import {readOptions, UserError} from "./options.js"

const PART_MOST = 16 << 20 // bytes of one part; libzmq closes a connection that sends more
const WAITING_MOST = 100 // messages in the socket; nothing is lost there: further ones wait at the line
const HELD_MOST = 16384 // live messages of a stream that wait while a hole before them is filled; further ones are asked for later
const ANSWER_MS = 3000 // a request without an answer is sent again after this, over a new connection
const AGAIN_MS = 100 // before it is sent again
const PATIENCE_MS = 30000 // a hole is given up after this, as long as the publisher is alive
const UNHEARD_MS = 5000 // nothing at all for so long: connect anew, because libzmq does not where a key was refused

const now = () => performance.now() // monotonic: a step of the wall clock changes nothing here
const say = (event, more) => console.error(JSON.stringify({event, ...more}))
class GivenUp extends Error {}

let option, results, recovery, address, stopping
let printed = 0, missing = 0, requests = 0
const link = {heard: now(), ever: false} // when anything was heard, or was connected anew
const streams = new Map()

function print(line) {
  if (line === null || stopping) return
  process.stdout.write(`${line}\n`)
  if (++printed === option.most) stop()
}

// ---- A stream: what is printed next, and what has to be asked for first ----

class Stream {
  epoch = null // the epoch that is being read, and the number that comes next in it
  next = 0
  through = null // a later epoch was heard: this one ends with this number
  waiting = [] // what came live: {epoch, number, line}; `reach`: only that all numbers below `number` were published
  past = new Map() // epochs that were left, each with whether it was reported that it spoke again
  heard = now()
  silence = UNHEARD_MS
  stale = false
  wanted = null // what is being asked for

  constructor(line, camera) {
    this.name = {line, camera}
  }

  // Numbers next..to of the epoch will not come; null: nobody can say how many.
  missed(to, why) {
    if (to !== null && to < this.next) return
    missing++
    say("missed", {...this.name, epoch: this.epoch, from: this.next, to, why})
    if (to !== null) this.next = to + 1
  }

  begin(epoch, next = 0) {
    say("epoch", {...this.name, epoch, before: this.epoch})
    if (this.epoch !== null) this.past.set(this.epoch, false)
    Object.assign(this, {epoch, next, through: null})
  }

  push(epoch, number, reach, line = null) {
    if (!reach && this.waiting.length >= HELD_MOST) [number, reach, line] = [number + 1, true, null]
    const last = this.waiting.at(-1)
    if (reach && this.waiting.length > 1 && last.reach && last.epoch === epoch) last.number = Math.max(last.number, number)
    else this.waiting.push({epoch, number, reach, line}) // the first is never raised: it may be what is asked for
    if (!this.wanted) this.fill().catch(stop)
  }

  // Prints what comes next, until something has to be asked for; returns that.
  advance() {
    while (!stopping) {
      if (this.through !== null && this.next <= this.through) return {request: "get", to: this.through}
      if (this.through !== null) this.turn()
      const [head] = this.waiting
      if (!head) return null
      const reported = this.past.get(head.epoch)
      if (reported !== undefined) {
        // One daemon speaks after the other: an epoch that was left and speaks again is another daemon's.
        if (!reported) say("second_publisher", {...this.name, epoch: head.epoch})
        this.past.set(head.epoch, true)
        this.waiting.shift()
        continue
      }
      if (this.epoch === null) this.begin(head.epoch, option.since === "now" ? head.number : 0)
      if (head.epoch !== this.epoch) return {request: "streams"}
      if (head.number > this.next) return {request: "get", to: head.number - 1}
      if (!head.reach && head.number === this.next) {
        this.next++
        print(head.line)
      }
      this.waiting.shift()
    }
    return null
  }

  async fill() {
    while ((this.wanted = this.advance())) {
      try {
        if (this.wanted.request === "get") await this.get(this.wanted.to)
        else await this.compare()
      } catch (error) {
        if (!(error instanceof GivenUp)) throw error
        if (this.wanted.request === "get") this.missed(this.wanted.to, error.message)
        else {
          this.missed(null, error.message)
          this.begin(this.waiting[0].epoch)
        }
      }
    }
  }

  async get(to) {
    const from = this.next
    const [reply, ...parts] = await ask(this, {request: "get", ...this.name, epoch: this.epoch, from, to})
    for (let at = 0; at + 4 <= parts.length; at += 4) {
      try {
        this.recovered(decode(parts.slice(at, at + 4)), to)
      } catch (error) {
        say("malformed", {why: error.message})
      }
    }
    if (typeof reply.next === "string") throw new GivenUp("the recovery socket makes no progress")
    this.missed(reply.next === null ? Math.min(reply.newest, to) : reply.next - 1, "the line does not have it any more")
    if (reply.next === null) this.missed(to, "the line does not know of it")
    else if (this.next === from) throw new GivenUp("the recovery socket makes no progress")
  }

  recovered(message, to) {
    const {line, camera, epoch, number} = message
    if (line !== this.name.line || camera !== this.name.camera || epoch !== this.epoch || number === null || number < this.next || number > to) return
    this.missed(number - 1, "the line does not have it any more")
    this.next++
    print(verdictLine(message, true))
  }

  // The first message that waits is of another epoch: asks which epochs there are, and in which order they were opened.
  async compare() {
    const other = this.waiting[0].epoch
    this.epochs = []
    for (let after = null, more = true; more; more = after !== null) {
      const [reply] = await ask(this, {request: "streams", ...this.name, after})
      this.epochs.push(...reply.streams)
      after = reply.next
    }
    const old = this.epochs.find(({epoch}) => epoch === this.epoch), fresh = this.epochs.find(({epoch}) => epoch === other)
    if (!fresh || (old && fresh.order <= old.order)) this.past.set(other, false) // another daemon's, or one that has ended
    else if (!old) {
      this.missed(null, "the line does not know this epoch any more")
      this.begin(other)
    } else this.through = old.newest
  }

  // An epoch was read to its end: on to the one that the line opened next.
  turn() {
    const {order} = this.epochs.find(({epoch}) => epoch === this.epoch)
    const next = this.epochs.filter((each) => each.order > order).reduce((a, b) => (a.order < b.order ? a : b))
    this.begin(next.epoch)
    if (next.epoch !== this.waiting[0].epoch) this.through = next.newest
  }
}

function streamOf(line, camera) {
  const name = `${line}/${camera}`
  if (!streams.has(name)) streams.set(name, new Stream(line, camera))
  return streams.get(name)
}

// ---- Sockets ----

function common() {
  const limits = {linger: 0, maxMessageSize: PART_MOST, receiveHighWaterMark: WAITING_MOST}
  // Heartbeats of ZMTP: a link that is cut without a word is noticed and made anew.
  return {...limits, heartbeatInterval: 1000, heartbeatTimeout: 3000, ...option.curve}
}

function subscribe() {
  results?.close()
  results = new zmq.Subscriber(common())
  results.connect(option.endpoint)
  results.subscribe(option.prefix)
  read(results).catch(stop)
}

async function read(socket) {
  for await (const parts of socket) {
    try {
      live(decode(parts))
    } catch (error) {
      say("malformed", {why: error.message, topic: parts[0].toString().slice(0, 200)})
    }
  }
}

function live(message) {
  const {body, type, line, camera, epoch, number} = message
  const stream = streamOf(line, camera)
  if (stream.stale) say("back", stream.name)
  link.heard = stream.heard = now()
  link.ever = true
  stream.stale = false
  if (number !== null) stream.push(epoch, number, false, verdictLine(message, false))
  else if (type === "heartbeat") {
    stream.silence = 3 * body.interval_ms
    learn(body.recovery)
    stream.push(epoch, body.last_seq + 1, true)
  }
}

// Where to ask, from a heartbeat: `*` is the host under which the results were reached.
function learn(said) {
  if (option.recovery) return
  const host = option.endpoint.slice("tcp://".length, option.endpoint.lastIndexOf(":"))
  const full = said?.replace("tcp://*:", `tcp://${host}:`) ?? "none"
  if (full === address) return
  address = full
  recovery?.close()
  recovery = null
}

// ---- Asking, one request at a time ----

let free = Promise.resolve()

// The reply to a request, in parts, the first one decoded; GivenUp where there will be none.
async function ask(stream, what) {
  for (let since = now(); ; ) {
    const exchanged = free.then(() => exchange(what))
    free = exchanged.catch(() => {})
    const reply = await exchanged
    if (reply?.[0].outcome === "done") return reply
    if (reply?.[0].outcome === "refused") throw new GivenUp(reply[0].text)
    if (reply || stream.stale) since = now() // busy, or nobody is there: waiting costs no patience
    if (reply) await sleep(reply[0].retry_ms)
    if (now() - since > PATIENCE_MS) throw new GivenUp("the recovery socket does not answer")
  }
}

async function exchange(what) {
  if (address === "none") throw new GivenUp("the line has no recovery socket")
  if (!address) return void (await sleep(50))
  const id = String(++requests)
  try {
    if (!recovery) {
      recovery = new zmq.Dealer({...common(), sendTimeout: 0, receiveTimeout: ANSWER_MS})
      recovery.connect(address)
    }
    await recovery.send(JSON.stringify({recovery: 1, id, do: what}))
    for (;;) {
      const [first, ...parts] = await recovery.receive()
      const reply = decodeReply(first)
      if (reply.id === id) return [reply, ...parts]
    }
  } catch {
    recovery?.close()
    recovery = null
    await sleep(AGAIN_MS)
  }
}

// ---- The program ----

let ticked = now()

function watch() {
  const time = now()
  if (time - ticked > 1000) for (const each of [...streams.values(), link]) each.heard = time // it stood still: what waits is read first
  ticked = time
  for (const stream of streams.values()) {
    if (stream.stale || time - stream.heard <= stream.silence) continue
    stream.stale = true
    say("stale", {...stream.name, silent_ms: Math.round(time - stream.heard)})
  }
  if (time - link.heard <= UNHEARD_MS) return
  link.heard = time
  say("silent", {endpoint: option.endpoint, why: "nobody is there, nothing is sent below this prefix, or a key is not accepted"})
  subscribe()
}

function stop(error) {
  if (stopping) return
  stopping = true
  for (const stream of streams.values())
    if (stream.wanted && printed !== option.most) stream.missed(stream.wanted.to ?? null, "the program ends before it came")
  if (error instanceof Error) console.error(error)
  process.stdout.write("", () => process.exit(error instanceof Error ? 1 : missing || !link.ever ? 3 : 0))
}

try {
  option = readOptions(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof UserError)) throw error
  console.error(error.message)
  process.exit(2)
}
for (const text of option.earlier.split("\n")) {
  // An earlier run of this program printed it: goes on behind it.
  try {
    const {line, camera, epoch, seq} = JSON.parse(text)
    Object.assign(streamOf(line, camera), {epoch, next: seq + 1})
  } catch {
    // A line that was torn by a crash is none.
  }
}
address = option.recovery
process.on("SIGINT", stop).on("SIGTERM", stop)
try {
  subscribe() // first, and then asks for what came before
} catch (error) {
  console.error(`${option.endpoint}: ${error.message}`)
  process.exit(1)
}
setInterval(watch, 50)
