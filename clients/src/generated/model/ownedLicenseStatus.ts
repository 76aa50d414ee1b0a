/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * Whether a licence still permits.
 */
export type OwnedLicenseStatus = typeof OwnedLicenseStatus[keyof typeof OwnedLicenseStatus];


// eslint-disable-next-line @typescript-eslint/no-redeclare
export const OwnedLicenseStatus = {
  active: 'active',
  revoked: 'revoked',
} as const;
