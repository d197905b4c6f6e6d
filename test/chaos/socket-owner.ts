import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/**
 * Finds which of some processes owns a TCP socket with one of these local ports, as the kernel tells.
 *
 * @see https://man7.org/linux/man-pages/man5/proc_pid_fd.5.html
 */
export function ownerOf(ports: readonly number[], pids: readonly number[]): number | undefined {
  const sockets = new Set(inodesOf(ports).map((inode) => `socket:[${inode}]`))
  return pids.find((pid) => openFiles(pid).some((file) => sockets.has(file)))
}

/** A line is `sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode …`, with the port in hex. */
const inodesOf = (ports: readonly number[]): readonly string[] => {
  const wanted = new Set(ports)
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local]) => wanted.has(Number.parseInt(local?.split(':')[1] ?? '', 16)))
    .flatMap(([, , , , , , , , , inode]) => inode ?? [])
}

/** A process that ended meanwhile has none. */
const openFiles = (pid: number): readonly string[] => {
  const folder = `/proc/${pid}/fd`
  try {
    return readdirSync(folder).flatMap((name) => {
      try {
        return readlinkSync(`${folder}/${name}`)
      } catch {
        return []
      }
    })
  } catch {
    return []
  }
}
