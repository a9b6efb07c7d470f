// Runs before the JSONata engine: bounds and counts the built-in calls that do much
// in one native step. charge(n) takes n bytes from the expression's bounds, step(n)
// takes n steps; both stop the virtual machine when nothing is left.
(function (root, native, maxItems, maxText) {
  "use strict";
  var charge = native.charge, step = native.step;
  var NativeArray = root.Array, NativeRegExp = root.RegExp;

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

  // What a built-in does to each item or character costs far less than a step.
  function counted(prototype, names, each) {
    names.forEach(function (name) {
      var call = prototype[name];
      prototype[name] = function () {
        var size = this.length;
        for (var i = 0; i < arguments.length; i++) {
          if (arguments[i] !== null && arguments[i] !== undefined && arguments[i].length > 0) { size += arguments[i].length; }
        }
        if (size >= each) { step(Math.floor(size / each)); }
        return call.apply(this, arguments);
      };
    });
  }
  counted(NativeArray.prototype, ["concat", "slice", "splice", "shift", "unshift", "indexOf", "lastIndexOf", "reverse", "fill"], 16);
  counted(root.String.prototype, ["split", "indexOf", "lastIndexOf", "replace", "match", "search", "concat", "trim", "toUpperCase", "toLowerCase", "localeCompare", "normalize"], 64);

  ["exec", "test"].forEach(function (name) {
    var call = NativeRegExp.prototype[name];
    NativeRegExp.prototype[name] = function (text) {
      if (typeof text === "string" && text.length >= 32) { step(Math.floor(text.length / 32) * Math.ceil(this.source.length / 256)); }
      return call.call(this, text);
    };
  });
  // Only patterns whose matching takes a time that is linear in the text.
  function BoundedRegExp(source, flags) {
    var problem = native.pattern(String(source), flags === undefined ? "" : String(flags));
    if (problem !== "") { throw new SyntaxError(problem); }
    return new NativeRegExp(source, flags);
  }
  BoundedRegExp.prototype = NativeRegExp.prototype;
  root.RegExp = BoundedRegExp;

  var keys = root.Object.keys, parse = root.JSON.parse;
  root.Object.keys = function (object) {
    var names = keys(object);
    if (names.length >= 16) { step(Math.floor(names.length / 16)); }
    return names;
  };
  root.JSON.parse = function (text, reviver) {
    if (typeof text === "string" && text.length >= 16) { step(Math.floor(text.length / 16)); charge(text.length); }
    return parse(text, reviver);
  };
})
