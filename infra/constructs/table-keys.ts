import { type Attribute, AttributeType } from 'aws-cdk-lib/aws-dynamodb'
import type { auditTable, controlTable } from '../../functions/edge/resources.ts'

/** Turns a table's key names into CDK's attributes; all keys are strings. */
export const keySchema = (
  table: typeof auditTable | typeof controlTable,
): { readonly partitionKey: Attribute; readonly sortKey: Attribute } => ({
  partitionKey: { name: table.partitionKey, type: AttributeType.STRING },
  sortKey: { name: table.sortKey, type: AttributeType.STRING },
})
