import { Enums, RenderingEngine, utilities } from "@cornerstonejs/core";
import {
  AngleTool,
  Enums as ToolEnums,
  LengthTool,
  PanTool,
  StackScrollTool,
  ToolGroupManager,
  WindowLevelTool,
  ZoomTool,
  addTool,
  annotation,
} from "@cornerstonejs/tools";

const { MouseBindings } = ToolEnums;
const ID = "stage";
const GROUP = "tools";
/** What the first button of the mouse, or one finger, may be given to. */
export const HANDS = {
  window: WindowLevelTool,
  pan: PanTool,
  zoom: ZoomTool,
  scroll: StackScrollTool,
  length: LengthTool,
  angle: AngleTool,
};

/** Where images are shown, and what hands do to them. */
export class Stage {
  #engine;
  #group;
  #hand = "window";

  constructor(element) {
    this.element = element;
    this.#engine = new RenderingEngine(ID);
    this.#engine.enableElement({ viewportId: ID, type: Enums.ViewportType.STACK, element });
    for (const tool of Object.values(HANDS)) addTool(tool);
    this.#group = ToolGroupManager.createToolGroup(GROUP);
    for (const tool of Object.values(HANDS)) this.#group.addTool(tool.toolName);
    this.#group.addViewport(ID, ID);
    this.take(this.#hand);
  }

  get viewport() {
    return this.#engine.getViewport(ID);
  }

  get hand() {
    return this.#hand;
  }

  /** Gives the mouse's first button, and one finger, to another tool; the others stay where they are. */
  take(hand) {
    this.#group.setToolPassive(HANDS[this.#hand].toolName, { removeAllBindings: true });
    this.#hand = hand;
    const bindings = {
      pan: [{ mouseButton: MouseBindings.Auxiliary }, { numTouchPoints: 2 }],
      zoom: [{ mouseButton: MouseBindings.Secondary }],
      scroll: [{ mouseButton: MouseBindings.Wheel }],
    };
    bindings[hand] = [...(bindings[hand] ?? []), { mouseButton: MouseBindings.Primary }];
    for (const [name, wanted] of Object.entries(bindings)) {
      this.#group.setToolActive(HANDS[name].toolName, { bindings: wanted });
    }
  }

  async show(ids, index) {
    await this.viewport.setStack(ids, index);
    this.viewport.render();
  }

  /** Puts more images into the stack; what is shown, and how, stays. */
  async extend(ids) {
    const { viewport } = this;
    const view = viewport.getViewPresentation();
    const { voiRange, invert } = viewport.getProperties();
    await viewport.setStack(ids, viewport.getCurrentImageIdIndex());
    viewport.setProperties({ voiRange, invert });
    viewport.setViewPresentation(view);
    viewport.render();
  }

  step(by) {
    const { viewport } = this;
    const last = viewport.getImageIds().length - 1;
    this.go(Math.min(last, Math.max(0, viewport.getTargetImageIdIndex() + by)));
  }

  go(index) {
    const { viewport } = this;
    if (index !== viewport.getTargetImageIdIndex()) viewport.setImageIdIndex(index).catch(() => {});
  }

  get window() {
    const { voiRange } = this.viewport.getProperties();
    if (!voiRange) return null;
    const { windowCenter, windowWidth } = utilities.windowLevel.toWindowLevel(voiRange.lower, voiRange.upper);
    return { center: windowCenter, width: windowWidth };
  }

  setWindow({ center, width }) {
    this.viewport.setProperties({ voiRange: utilities.windowLevel.toLowHighRange(width, center) });
    this.viewport.render();
  }

  invert() {
    this.viewport.setProperties({ invert: !this.viewport.getProperties().invert });
    this.viewport.render();
  }

  rotate() {
    const { viewport } = this;
    viewport.setViewPresentation({ rotation: (viewport.getViewPresentation().rotation + 90) % 360 });
    viewport.render();
  }

  flip() {
    const { viewport } = this;
    // A camera: a view presentation turns a picture over, and never back.
    viewport.setCamera({ flipHorizontal: !viewport.getCamera().flipHorizontal });
    viewport.render();
  }

  zoom(by) {
    const { viewport } = this;
    viewport.setZoom(viewport.getZoom() * by);
    viewport.render();
  }

  /** Puts everything back as the file has it, and takes what was measured away. */
  reset() {
    const { viewport } = this;
    viewport.resetProperties();
    viewport.setCamera({ flipHorizontal: false });
    viewport.setViewPresentation({ rotation: 0 });
    viewport.resetCamera();
    annotation.state.removeAllAnnotations();
    viewport.render();
  }

  resize() {
    this.#engine.resize(true, true);
  }
}
