/** Where the sides of a picture lie in the patient: `L` left, `P` posterior, `H` head, and their opposites (PS3.3 C.7.6.1.1.1). */

const LETTERS = [
  ["L", "R"],
  ["P", "A"],
  ["H", "F"],
];
/** A direction is told by its largest part, and a second one where it leans at least so much. */
const LEANS = 0.25;

/** Returns the letters of a direction in the patient, such as `A` or `HL`. */
export function write(direction) {
  return direction
    .map((part, axis) => ({ weight: Math.abs(part), letter: LETTERS[axis][part < 0 ? 1 : 0] }))
    .filter(({ weight }) => weight > LEANS)
    .sort((one, other) => other.weight - one.weight)
    .slice(0, 2)
    .map(({ letter }) => letter)
    .join("");
}

/** Returns the letters of the four sides of what a viewport shows, by what is world for two points of its canvas. */
export function listSides(viewport) {
  const { clientWidth: width, clientHeight: height } = viewport.canvas;
  const middle = viewport.canvasToWorld([width / 2, height / 2]);
  const towards = (point) => normalize(viewport.canvasToWorld(point).map((part, axis) => part - middle[axis]));
  const right = towards([width / 2 + 50, height / 2]);
  const bottom = towards([width / 2, height / 2 + 50]);
  const opposite = (direction) => direction.map((part) => -part);
  return { left: write(opposite(right)), right: write(right), top: write(opposite(bottom)), bottom: write(bottom) };
}

function normalize(vector) {
  const length = Math.hypot(...vector) || 1;
  return vector.map((part) => part / length);
}
