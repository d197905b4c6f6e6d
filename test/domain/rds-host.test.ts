import { describe, expect, it } from 'vitest'
import { isRdsProxy, rdsRegionOf } from '../../functions/domain/rds-host.ts'

describe('hosts of RDS', () => {
  it.each([
    ['shop.c0ffee.eu-central-1.rds.amazonaws.com', 'eu-central-1', false],
    ['shop.cluster-c0ffee.us-gov-west-1.rds.amazonaws.com', 'us-gov-west-1', false],
    ['SHOP.C0FFEE.EU-CENTRAL-1.RDS.AMAZONAWS.COM.', 'eu-central-1', false],
    ['shop.cluster-ro-c0ffee.cn-north-1.rds.amazonaws.com.cn', 'cn-north-1', false],
    ['shop.proxy-c0ffee.eu-central-1.rds.amazonaws.com', 'eu-central-1', true],
    ['readers.endpoint.proxy-c0ffee.eu-central-1.rds.amazonaws.com', 'eu-central-1', true],
    // an instance may be named like this; only the account's part tells a proxy
    ['proxy-shop.c0ffee.eu-central-1.rds.amazonaws.com', 'eu-central-1', false],
    ['shop.proxy-c0ffee.eu-central-1.rds.amazonaws.com.evil.example', undefined, false],
    ['rds.amazonaws.com', undefined, false],
    ['db.example.org', undefined, false],
    ['127.0.0.1', undefined, false],
  ])('given %s, when its name is read, then its region is %s and it is a proxy: %s', (host, region, proxy) => {
    expect([rdsRegionOf(host), isRdsProxy(host)]).toEqual([region, proxy])
  })
})
