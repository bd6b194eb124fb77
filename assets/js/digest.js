/** Returns the SHA-256 of a buffer, 64 lower-case hexadecimal digits. */
export async function digest(buffer) {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", buffer));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
