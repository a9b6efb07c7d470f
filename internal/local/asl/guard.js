// Runs before the JSONata engine: bounds the built-in calls that turn a small
// argument into a large value in one native step, where no interrupt reaches.
// charge(n) takes n units from the expression's allowance and throws when it is
// used up.
(function (root, charge, maxItems, maxText) {
  "use strict";
  var NativeArray = root.Array;

  function BoundedArray(n) {
    if (arguments.length === 1 && typeof n === "number") {
      if (n > maxItems) { throw new RangeError("an array of " + n + " items: want at most " + maxItems); }
      return new NativeArray(n);
    }
    return NativeArray.prototype.slice.call(arguments);
  }
  Object.getOwnPropertyNames(NativeArray).forEach(function (name) {
    if (name !== "length" && name !== "name" && name !== "prototype") { BoundedArray[name] = NativeArray[name]; }
  });
  BoundedArray.prototype = NativeArray.prototype;
  root.Array = BoundedArray;

  var join = NativeArray.prototype.join;
  NativeArray.prototype.join = function (separator) {
    var size = this.length * (separator === undefined ? 1 : String(separator).length);
    for (var i = 0; i < this.length; i++) {
      if (typeof this[i] === "string") { size += this[i].length; }
    }
    charge(size);
    return join.call(this, separator);
  };

  // A value may hold the same part many times over, so its text is measured first.
  var stringify = root.JSON.stringify;
  function measure(value, left) {
    if (typeof value === "string") { return left - value.length - 2; }
    if (value === null || typeof value !== "object") { return left - 8; }
    var keys = NativeArray.isArray(value) ? null : Object.keys(value);
    var count = keys ? keys.length : value.length;
    left -= 2 + count;
    for (var i = 0; i < count && left >= 0; i++) {
      if (keys) { left -= keys[i].length + 3; }
      left = measure(keys ? value[keys[i]] : value[i], left);
    }
    return left;
  }
  root.JSON.stringify = function (value, replacer, space) {
    if (measure(value, maxText) < 0) { throw new RangeError("a value of more than " + maxText + " bytes as text"); }
    return stringify(value, replacer, space);
  };
})
