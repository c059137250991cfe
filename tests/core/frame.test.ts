import * as fc from "fast-check";
import { expect, test } from "vitest";
import { encodeFrame, FrameReader, MAX_BODY_BYTES, MAX_HEADER_BYTES } from "../../src/core/frame.ts";

test("frames arrive whole and in order, however the bytes are cut", () => {
  const frames = fc.array(fc.record({ header: fc.jsonValue(), body: fc.uint8Array({ maxLength: 300 }) }), {
    maxLength: 6,
  });
  fc.assert(
    fc.property(frames, fc.infiniteStream(fc.integer({ min: 1, max: 40 })), (sent, sizes) => {
      const bytes = Buffer.concat(sent.map(({ header, body }) => encodeFrame(header, body)));
      const reader = new FrameReader();
      const received = [];
      for (let at = 0; at < bytes.length;) {
        const size = sizes.next().value ?? 1;
        received.push(...reader.push(bytes.subarray(at, at + size)));
        at += size;
      }
      expect(received.map(({ header, body }) => ({ header, body: [...body] }))).toEqual(
        sent.map(({ header, body }) => ({
          header: JSON.parse(JSON.stringify(header)) as unknown,
          body: [...body],
        })),
      );
      expect(reader.pendingBytes).toBe(0);
    }),
  );
});

test("a frame that is cut off is seen", () => {
  const reader = new FrameReader();
  expect(reader.push(encodeFrame({ type: "ready" }).subarray(0, -1))).toEqual([]);
  expect(reader.pendingBytes).toBeGreaterThan(0);
});

test.each([
  ["a header", MAX_HEADER_BYTES + 1, 0],
  ["a body", 2, MAX_BODY_BYTES + 1],
  ["everything", 0xff_ff_ff_ff, 0xff_ff_ff_ff],
])("%s over the limit is refused before anything of it is kept", (_, headerBytes, bodyBytes) => {
  const prefix = new Uint8Array(8);
  const view = new DataView(prefix.buffer);
  view.setUint32(0, headerBytes);
  view.setUint32(4, bodyBytes);
  expect(() => new FrameReader().push(prefix)).toThrow(RangeError);
});

test("a header that is no JSON is refused", () => {
  const prefix = new Uint8Array(9);
  new DataView(prefix.buffer).setUint32(0, 1);
  prefix[8] = 0x7b;
  expect(() => new FrameReader().push(prefix)).toThrow(SyntaxError);
});
