// A subscriber to the results of an Inspector line, with recovery and CURVE: Node.js and zeromq.js 6. Apache-2.0, as the whole project.
//
// Prints every verdict once, in the order of `seq`, as a line of JSON on stdout. What it missed it asks for over the recovery socket;
// what it could not get, and whatever else a person should know, is a line of JSON on stderr.
// Exit status: 0 nothing is missing, 3 something is, 2 wrong options, 1 it could not begin.
import {setTimeout as sleep} from "node:timers/promises"
import * as zmq from "zeromq"
import {decode, decodeReply, verdictLine} from "./message.js"
import {readOptions, UserError} from "./options.js"
import {GivenUp, Stream} from "./stream.js"

const PART_MOST = 16 << 20 // bytes of one part; libzmq closes a connection that sends more
const WAITING_MOST = 100 // messages in the socket; nothing is lost there: further ones wait at the line
const ANSWER_MS = 3000 // a request without an answer is sent again after this, over a new connection
const AGAIN_MS = 100 // before it is sent again
const PATIENCE_MS = 30000 // a hole is given up after this, as long as the publisher is alive
const SILENT_MS = 5000 // nothing at all for so long: connect anew, because libzmq does not where a key was refused

const now = () => performance.now() // monotonic: a step of the wall clock changes nothing here
const say = (event, more) => console.error(JSON.stringify({event, ...more}))

let option, results, recovery, address, stopping
let printed = 0, requests = 0
const link = {heard: now(), ever: false} // when anything was heard, or was connected anew
const streams = new Map()

function print(line) {
  if (line === null || stopping) return
  process.stdout.write(`${line}\n`)
  if (++printed === option.most) stop()
}

function streamOf(line, camera) {
  const name = `${line}/${camera}`
  if (!streams.has(name)) streams.set(name, new Stream(line, camera, {ask, print, say, fail: stop, since: option.since}))
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
  if (time - link.heard <= SILENT_MS) return
  link.heard = time
  say("silent", {endpoint: option.endpoint, why: "nobody is there, nothing is sent below this prefix, or a key is not accepted"})
  subscribe()
}

function stop(error) {
  if (stopping) return
  stopping = true
  let missing = 0
  for (const stream of streams.values()) {
    stream.stopped = true
    if (stream.wanted && printed !== option.most) stream.missed(stream.wanted.to ?? null, "the program ends before it came")
    missing += stream.missing
  }
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
