// One message of an Inspector line: its parts, and whether they are what docs/protocol.md and its JSON Schema say.
import {readFileSync} from "node:fs"
import Ajv from "ajv/dist/2020.js"

const schema = JSON.parse(readFileSync(new URL("../../protocol/v1.schema.json", import.meta.url)))
const valid = new Ajv({allErrors: false}).compile(schema)
const utf8 = new TextDecoder("utf-8", {fatal: true, ignoreBOM: true})

const parse = (part) => JSON.parse(utf8.decode(part))
const whole = Number.isSafeInteger

// The message, or an error that says what is wrong with it. `number` is null in heartbeats and repeated starts.
export function decode([topic, headerJson, bodyJson, blob, ...more]) {
  if (bodyJson === undefined || more.length) throw new Error("it has not three or four parts")
  let header, body
  try {
    header = parse(headerJson)
    body = parse(bodyJson)
  } catch {
    throw new Error("header or body is not JSON")
  }
  if (!valid({header, body})) throw new Error(reason(valid.errors))
  const {type, line, camera, epoch, seq} = header
  if (topic.toString() !== `v1/${line}/${camera}/${type}`) throw new Error("its topic does not say what its header says")
  if (type === "gap" && !(body.first === header.frame && body.first <= body.last)) throw new Error("a gap whose frames do not fit each other")
  if ((blob?.length > 0) !== Boolean(body.mask)) throw new Error("mask and blob do not fit each other")
  return {header, body, type, line, camera, epoch, number: seq, captured: exactly("captured_unix_ns", headerJson)}
}

function reason([error]) {
  return `${error.instancePath.slice(1).replaceAll("/", ".")} ${error.message}`.trim()
}

// The first part of a reply of the recovery socket; an error where it is none.
export function decodeReply(part) {
  const reply = parse(part), {id, outcome, text, retry_ms, next, newest, streams} = reply
  const told = typeof id === "string" && typeof text === "string" && ["done", "busy", "refused"].includes(outcome)
  const timed = outcome !== "busy" || (whole(retry_ms) && retry_ms >= 0)
  const counted = whole(newest) && (next === null || whole(next) || typeof next === "string")
  const ordered = streams.every((each) => typeof each.epoch === "string" && whole(each.order) && whole(each.newest))
  if (told && timed && counted && ordered) return reply
  throw new Error("not a reply")
}

// The digits of a time in nanoseconds, for BigInt: as a number it would be rounded to 256 ns, because it is above 2^53.
function exactly(key, json) {
  return new RegExp(`"${key}"\\s*:\\s*(-?\\d+)`).exec(json)?.[1] ?? "null"
}

// The line that is printed of a verdict, about one frame or about all frames of a gap; null for other types.
export function verdictLine({header, body, type, captured}, recovered) {
  if (type !== "result" && type !== "gap") return null
  const {line, camera, epoch, seq, run, frame, durable, simulated} = header
  const {last, verdict, reason} = body
  const rest = JSON.stringify({line, camera, epoch, seq, type, run, frame, last, verdict, reason, durable, simulated, recovered})
  return `${rest.slice(0, -1)},"captured_unix_ns":${captured}}`
}
