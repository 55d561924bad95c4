// One stream: what is printed next, and what has to be asked for first. Nothing here touches a socket.
import {decode, verdictLine} from "./message.js"

const HELD_MOST = 16384 // live messages of a stream that wait while a hole before them is filled; further ones are asked for
const UNHEARD_MS = 5000 // as long as silence is normal before a heartbeat has said it
const now = () => performance.now() // monotonic: a step of the wall clock changes nothing here

export class GivenUp extends Error {}

export class Stream {
  epoch = null // the epoch that is being read, and the number that comes next in it
  next = 0
  through = null // a later epoch was heard: this one ends with this number
  waiting = [] // what came live: {epoch, number, line}; `reach`: only that all numbers below `number` were published
  past = new Map() // epochs that were left, each with whether it was reported that it spoke again
  heard = now()
  silence = UNHEARD_MS
  stale = false
  wanted = null // what is being asked for
  missing = 0 // how often something was missed
  stopped = false

  // `ask(stream, request)` gives the parts of a reply or throws GivenUp; `print(line)`, `say(event, more)` and `fail(error)` are the
  // program's, which sets `stopped` when nothing more is to be printed.
  constructor(line, camera, {ask, print, say, fail, since}) {
    this.name = {line, camera}
    Object.assign(this, {ask, print, say, fail, since})
  }

  // Numbers next..to of the epoch will not come; null: nobody can say how many.
  missed(to, why) {
    if (to !== null && to < this.next) return
    this.missing++
    this.say("missed", {...this.name, epoch: this.epoch, from: this.next, to, why})
    if (to !== null) this.next = to + 1
  }

  begin(epoch, next = 0) {
    this.say("epoch", {...this.name, epoch, before: this.epoch})
    if (this.epoch !== null) this.past.set(this.epoch, false)
    Object.assign(this, {epoch, next, through: null})
  }

  push(epoch, number, reach, line = null) {
    if (!reach && this.waiting.length >= HELD_MOST) [number, reach, line] = [number + 1, true, null]
    const last = this.waiting.at(-1)
    if (reach && this.waiting.length > 1 && last.reach && last.epoch === epoch) last.number = Math.max(last.number, number)
    else this.waiting.push({epoch, number, reach, line}) // the first is never raised: it may be what is asked for
    if (!this.wanted) this.fill().catch(this.fail)
  }

  // Prints what comes next, until something has to be asked for; returns that.
  advance() {
    while (!this.stopped) {
      if (this.through !== null && this.next <= this.through) return {request: "get", to: this.through}
      if (this.through !== null) this.turn()
      const [head] = this.waiting
      if (!head) return null
      const reported = this.past.get(head.epoch)
      if (reported !== undefined) {
        // One daemon speaks after the other: an epoch that was left and speaks again is another daemon's.
        if (!reported) this.say("second_publisher", {...this.name, epoch: head.epoch})
        this.past.set(head.epoch, true)
        this.waiting.shift()
        continue
      }
      if (this.epoch === null) this.begin(head.epoch, this.since === "now" ? head.number : 0)
      if (head.epoch !== this.epoch) return {request: "streams"}
      if (head.number > this.next) return {request: "get", to: head.number - 1}
      if (!head.reach && head.number === this.next) {
        this.next++
        this.print(head.line)
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
    const [reply, ...parts] = await this.ask(this, {request: "get", ...this.name, epoch: this.epoch, from, to})
    for (let at = 0; at + 4 <= parts.length; at += 4) {
      try {
        this.recovered(decode(parts.slice(at, at + 4)), to)
      } catch (error) {
        this.say("malformed", {why: error.message})
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
    this.print(verdictLine(message, true))
  }

  // The first message that waits is of another epoch: asks which epochs there are, and in which order they were opened.
  async compare() {
    const other = this.waiting[0].epoch
    this.epochs = []
    for (let after = null, more = true; more; more = after !== null) {
      const [reply] = await this.ask(this, {request: "streams", ...this.name, after})
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
