import { expect, test } from 'vitest'
import { recordStatement, stepMessage } from '../../functions/adapters/step-message.ts'
import { sha256 } from '../../functions/domain/checksum.ts'
import { runId, token, workerId } from '../../functions/domain/types.ts'
import type { StepOrder } from '../../functions/engine/target-database.ts'
import { leaseOf, sourceOf } from '../support/step-orders.ts'
import { targetSettings } from '../support/target-settings.ts'

const settings = { ...targetSettings('shop'), applicationRole: 'Shop "app"', statementTimeoutMs: 60_000 }

const order: StepOrder = {
  source: { ...sourceOf(`-- lockstep:lock_timeout=3s\nselect 'it''s'; -- done`, 'm'), wayBack: {} },
  direction: 'up',
  lease: leaseOf(settings.target, 7, { worker: workerId('worker-1') }),
  settings,
  run: runId('r-1'),
  bundle: sha256('bundle'),
  attempt: 1,
  outOfOrder: false,
  key: { token: token(7), n: 1 },
  head: null,
}

const message = (serverVersion: number): string => {
  const { body } = order.source
  const sql = body.kind === 'transaction' ? body.sql : ''
  return stepMessage(order, serverVersion, { sql, record: recordStatement('record_receipt', order) }).text
}

test('given a step, when its message is composed, then each statement stands where the guarantees need it', () => {
  expect(
    message(180_004).replaceAll(/[0-9a-f]{64}/g, '<sha256>'),
  ).toBe(`begin isolation level read committed, read write;
set local lock_timeout = 3000;
set local statement_timeout = 60000;
set local transaction_timeout = 0;
set local search_path = public;
select lockstep.assert_fence('shop', 7, 'worker-1');
set local role "Shop ""app""";
-- lockstep:lock_timeout=3s
select 'it''s'; -- done
;
reset role;
select lockstep.record_receipt('{"target":"shop","worker":"worker-1","token":7,"n":1,"head_token":null,"head_n":null,\
"run":"r-1","bundle":"<sha256>","migration":"m","direction":"up","checksum":"<sha256>","attempt":1,"out_of_order":false,"way_back":{}}') as lockstep_reply;
commit;
close all;
reset session authorization;
reset role;
reset all;
deallocate all;
unlisten *;
discard temp;
discard sequences`)
})

test('given a server without transaction_timeout, when a message is composed, then it does not mention it', () => {
  expect(message(160_000)).not.toContain('transaction_timeout')
})
