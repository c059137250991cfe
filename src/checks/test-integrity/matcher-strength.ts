import type { Strength } from "../../core/test-case.ts";

const ONE_VALUE =
  /^(?:toBe|toEqual|toStrictEqual|equals?|eql|eq|deepEqual|strictEqual|deepStrictEqual|notDeepStrictEqual|same|is|identical|strictDeepEqual|toHaveBeenCalledWith|toHaveBeenLastCalledWith|toHaveBeenNthCalledWith|toHaveBeenExactlyOnceWith|toHaveBeenCalledExactlyOnceWith|toHaveReturnedWith|toHaveBeenCalledTimes|toHaveBeenCalledOnce|toHaveLength|lengthOf|toBeNull|toBeUndefined|toBeNaN|toBeTrue|toBeFalse|isTrue|isFalse|true|false|null|undefined|toBeCloseTo|closeTo|toMatchInlineSnapshot|toMatchSnapshot|toMatchFileSnapshot|snapshot|calledWith|calledWithExactly|toHaveTextContent|toHaveValue|toSucceed|toThrowErrorMatchingInlineSnapshot|toThrowErrorMatchingSnapshot)$/;
const ANY_VALUE =
  /^(?:toBeDefined|toBeTruthy|toBeFalsy|toExist|toBeOk|ok|assert|exists?|truthy|falsy|pass|isOk|isDefined|notThrow|doesNotThrow|doesNotReject|not\.(?:toBeNull|toBeUndefined|toBeFalsy|toBeNaN|toThrow|toThrowError|null|undefined|throw|throws|reject)|isNotNull|isNotUndefined|notNull|toBeTypeOf|toBeInstanceOf|isNotNaN|notEqual|notStrictEqual|not\.exist)$/;

/** How much a matcher lets pass. What is not known lets some values pass. */
export function matcherStrength(matcher: string, hasExpected: boolean): Strength {
  if (ONE_VALUE.test(matcher)) return "one-value";
  if (ANY_VALUE.test(matcher)) return "any-value";
  if (/^(?:toThrow|toThrowError|throws?|rejects|throwsAsync)$/.test(matcher))
    return hasExpected ? "one-value" : "some-values";
  return "some-values";
}
