/** Windows by which parts of the body are looked at in CT, in Hounsfield units. */
export const CT_WINDOWS = {
  "soft-tissue": { center: 40, width: 400 },
  lung: { center: -600, width: 1500 },
  bone: { center: 400, width: 1800 },
  brain: { center: 40, width: 80 },
};
