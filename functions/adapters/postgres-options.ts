import type { TargetSettings } from '../domain/settings.ts'

/** A statement of our own that takes longer hangs; migrations have their own timeout. */
const ownStatementTimeoutMs = 60_000

/**
 * Settings that a session starts with, as the startup message carries them.
 *
 * They outrank what ALTER ROLE and ALTER DATABASE set, and RESET ALL, which cleans up after each step, comes back to them.
 *
 * @param notices `dropped` asks the server for none: a NOTICE sent to a client that left would roll a long step back
 */
export const startupOptions = (settings: TargetSettings, notices: 'kept' | 'dropped'): string =>
  Object.entries({
    // a string literal means what the parser took it for; the driver itself pins the encoding
    standard_conforming_strings: 'on',
    client_min_messages: notices === 'kept' ? 'notice' : 'error',
    search_path: 'pg_catalog',
    default_transaction_isolation: 'read committed',
    default_transaction_read_only: 'off',
    default_transaction_deferrable: 'off',
    lock_timeout: settings.lockTimeoutMs,
    statement_timeout: ownStatementTimeoutMs,
    idle_in_transaction_session_timeout: 0,
    idle_session_timeout: 0,
    // a step that was left at the deadline is to run to its end
    client_connection_check_interval: 0,
    // a client whose machine is gone holds the advisory lock for a minute at most
    tcp_keepalives_idle: 30,
    tcp_keepalives_interval: 10,
    tcp_keepalives_count: 3,
  })
    .map(([name, value]) => `-c ${name}=${escapeOption(String(value))}`)
    .join(' ')

const escapeOption = (value: string): string => value.replaceAll(/[\\ ]/g, '\\$&')
