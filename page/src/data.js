// The data of the page: JSON in an element that no browser runs, with cells as compressed columns of doubles.

export const read = () => JSON.parse(document.getElementById("data").textContent);

export async function unpack(packed) {
  if (!packed?.count) return [];
  const bytes = Uint8Array.from(atob(packed.gzip), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const numbers = new Float64Array(await new Response(stream).arrayBuffer());
  return Array.from({ length: packed.columns }, (_, place) =>
    numbers.subarray(place * packed.count, (place + 1) * packed.count),
  );
}
