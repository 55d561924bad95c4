// The options of the program, and the key files they name.
import {readFileSync, statSync} from "node:fs"
import {parseArgs} from "node:util"

const usage = `usage: node subscriber.js [options] ENDPOINT          the endpoint of the results, as tcp://line1:5550
  -p PREFIX        v1/, v1/LINE/ or v1/LINE/CAMERA/ (default v1/: all)
  -k SERVER.key    public key of the line, for CURVE
  -c CLIENT.key_secret   this program's own keys, for CURVE
  -r ENDPOINT      the recovery socket, where heartbeats do not say it rightly; none: do not ask
  -s epoch|now|FILE   begin with the running epoch (default), with what comes now, or behind what this program printed into FILE
  -n COUNT         end after so many lines`

export class UserError extends Error {}

function contents(path) {
  try {
    return readFileSync(path, "utf8")
  } catch {
    throw new UserError(`${path}: cannot be read`)
  }
}

// `name = "..."` of a ZeroMQ certificate. A key is 40 characters of Z85, among which # and = may be, but no quotation mark.
function key(path, name) {
  const text = contents(path)
  if (name === "secret-key" && statSync(path).mode & 0o077 && !path.startsWith("/run/credentials/")) // systemd guards those
    throw new UserError(`${path}: others can read it: chmod 600 ${path}`)
  const found = new RegExp(`^\\s*${name}\\s*=\\s*"([^"]{40})"`, "m").exec(text)
  if (found) return found[1]
  throw new UserError(`${path}: holds no ${name}${name === "secret-key" ? ": give the file .key_secret" : " of 40 characters"}`)
}

export function readOptions(words) {
  const string = (short) => ({type: "string", short})
  const options = {prefix: string("p"), server: string("k"), client: string("c"), recovery: string("r"), since: string("s"), count: string("n")}
  let values, positionals
  try {
    ;({values, positionals} = parseArgs({args: words, options, allowPositionals: true}))
  } catch (error) {
    throw new UserError(`${error.message}\n${usage}`)
  }
  const {prefix = "v1/", server, client, recovery, since = "epoch", count = "Infinity"} = values
  if (positionals.length !== 1 || !server !== !client || !(Number(count) > 0)) throw new UserError(usage)
  if (!/^v1\/([^/]+\/){0,2}$/.test(prefix))
    throw new UserError(`${prefix}: must be v1/, v1/LINE/ or v1/LINE/CAMERA/: less would leave holes in the numbers`)
  const curve = server && {
    curveServerKey: key(server, "public-key"), curvePublicKey: key(client, "public-key"), curveSecretKey: key(client, "secret-key"),
  }
  const earlier = since === "epoch" || since === "now" ? "" : contents(since)
  return {endpoint: positionals[0], prefix, curve: curve ?? {}, recovery, since, earlier, most: Number(count)}
}
