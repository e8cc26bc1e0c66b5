/** Letters only, small, without accents: as people type names of places. */
export const plainly = (text) =>
  (text ?? "").normalize("NFD").replace(/\p{Diacritic}/gu, "").toLowerCase().replace(/[^a-z0-9]+/g, " ").trim();
