/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * A streaming platform.
 */
export type Platform = typeof Platform[keyof typeof Platform];


// eslint-disable-next-line @typescript-eslint/no-redeclare
export const Platform = {
  spotify: 'spotify',
  apple_music: 'apple_music',
  deezer: 'deezer',
} as const;
