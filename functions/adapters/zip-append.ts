import { zipSync } from 'fflate'
import { LockstepError } from '../domain/errors.ts'
import { entryOptions } from './bundle-writer.ts'
import { openContainer } from './zip-container.ts'

/** The fields of the end record that count, and where an entry's record in the directory says where the entry begins. */
const field = { entries: [8, 10], directoryBytes: 12, directoryOffset: 16, startOfEntry: 42 } as const
/** Past this the format is zip64, which is refused. */
const mostEntries = 0xfffe

/**
 * Adds a file to a zip, behind what is there: every byte before the directory stays where it is and as it is.
 *
 * @throws LockstepError BUNDLE_NOT_A_ZIP, BUNDLE_TRUNCATED, BUNDLE_ZIP64, BUNDLE_DAMAGED, BUNDLE_TOO_MANY_FILES
 */
export async function appendToZip(bytes: Uint8Array, path: string, content: Uint8Array): Promise<Uint8Array> {
  const archive = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const { end } = await openContainer(archive)
  if (end.entryCount >= mostEntries) {
    throw new LockstepError('BUNDLE_TOO_MANY_FILES', `the zip has ${end.entryCount} entries, there is no room for more`)
  }
  // A zip of that one file has the very parts that are to be put in.
  const added = Buffer.from(zipSync({ [path]: [content, entryOptions] }))
  const { end: addedEnd } = await openContainer(added)
  const entry = added.subarray(0, addedEnd.directoryOffset)
  const record = Buffer.from(added.subarray(addedEnd.directoryOffset, addedEnd.offset))
  record.writeUInt32LE(end.directoryOffset, field.startOfEntry)
  const directory = Buffer.concat([archive.subarray(end.directoryOffset, end.offset), record])
  const ending = Buffer.from(archive.subarray(end.offset))
  for (const place of field.entries) ending.writeUInt16LE(end.entryCount + 1, place)
  ending.writeUInt32LE(directory.length, field.directoryBytes)
  ending.writeUInt32LE(end.directoryOffset + entry.length, field.directoryOffset)
  return Buffer.concat([archive.subarray(0, end.directoryOffset), entry, directory, ending])
}
