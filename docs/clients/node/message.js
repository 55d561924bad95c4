// One message of an Inspector line: its parts, and whether they are well-formed (docs/protocol.md).

const utf8 = new TextDecoder("utf-8", {fatal: true, ignoreBOM: true})

// JSON with the times in nanoseconds as BigInt: they are above 2^53, where a double is rounded to 256 ns.
export function parse(part) {
  const text = utf8.decode(part).replace(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g, (token) => (/^-?\d{16,}$/.test(token) ? `"${token}"` : token))
  return JSON.parse(text, (key, value) => (key.endsWith("_ns") && /^-?\d+$/.test(value) ? BigInt(value) : value))
}

const object = (value) => typeof value === "object" && value !== null && !Array.isArray(value)
const text = (value) => typeof value === "string"
const whole = (value, least) => Number.isSafeInteger(value) && value >= least

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
  if (!object(header) || !object(body)) throw new Error("header or body is not an object")
  if (header.protocol !== 1) throw new Error("its protocol is not 1")
  const {type, line, camera, epoch, seq} = header
  if (![type, line, camera, epoch].every(text) || typeof header.simulated !== "boolean" || typeof header.durable !== "boolean")
    throw new Error("a key of the header is absent or of another type")
  if (topic.toString() !== `v1/${line}/${camera}/${type}`) throw new Error("its topic does not say what its header says")
  const numbered = type !== "heartbeat" && !(type === "start" && body.repeat === true)
  if (numbered ? !whole(seq, 0) : seq !== null) throw new Error("its seq does not fit its type")
  if (type === "result" && !(whole(header.frame, 0) && text(body.verdict) && text(body.reason)))
    throw new Error("a result without frame, verdict or reason")
  if (type === "gap" && !(whole(body.first, 0) && whole(body.last, body.first) && text(body.verdict) && text(body.reason)))
    throw new Error("a gap without frames, verdict or reason")
  if (type === "heartbeat" && !(whole(body.last_seq, -1) && whole(body.interval_ms, 1) && (body.recovery === null || text(body.recovery))))
    throw new Error("a heartbeat without last_seq, interval_ms or recovery")
  if ((blob !== undefined) !== object(body.mask)) throw new Error("mask and blob do not fit each other")
  return {header, body, type, line, camera, epoch, number: numbered ? seq : null}
}

// The line that is printed of a verdict, about one frame or about all frames of a gap; null for other types.
export function verdictLine({header, body, type}, recovered) {
  if (type !== "result" && type !== "gap") return null
  const {line, camera, epoch, seq, run, frame, captured_unix_ns, durable, simulated} = header
  const {last, verdict, reason} = body
  const rest = JSON.stringify({line, camera, epoch, seq, type, run, frame, last, verdict, reason, durable, simulated, recovered})
  return `${rest.slice(0, -1)},"captured_unix_ns":${captured_unix_ns}}` // JSON.stringify takes no BigInt
}
