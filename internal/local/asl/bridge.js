// Runs after the JSONata engine: compiles and evaluates expressions with the
// functions that Step Functions adds, without $eval, and counts every step.
(function (jsonata, native, maxCached, maxDepth, maxString) {
  "use strict";
  var cache = Object.create(null), cached = 0, depth = 0;

  var functions = {
    partition: function (list, size) {
      if (list === undefined) { return undefined; }
      if (!Array.isArray(list) || !(size > 0) || size !== Math.floor(size)) {
        throw new TypeError("$partition wants an array and a positive whole number");
      }
      var parts = [];
      for (var i = 0; i < list.length; i += size) { parts.push(list.slice(i, i + size)); }
      return parts;
    },
    range: function (first, last, step) {
      if (typeof first !== "number" || typeof last !== "number" || typeof step !== "number" || step === 0) {
        throw new TypeError("$range wants a first, a last and a step that is not 0, all numbers");
      }
      var count = Math.floor((last - first) / step) + 1;
      var list = new Array(count > 0 ? count : 0);
      for (var i = 0; i < list.length; i++) { list[i] = first + i * step; }
      return list;
    },
    hash: function (text, algorithm) { return native.hash(text, algorithm); },
    random: function (seed) { return seed === undefined ? Math.random() : native.seeded(seed); },
    uuid: function () { return native.uuid(); },
    parse: function (text) { return text === undefined ? undefined : JSON.parse(text); }
  };

  function entry() {
    native.charge(64);
    if (++depth > maxDepth) { throw new RangeError("more than " + maxDepth + " expressions within each other"); }
  }
  function exit(expr, input, environment, result) {
    depth--;
    if (typeof result === "string") {
      // Bounded because a built-in can copy one string into another many times over.
      if (result.length > maxString) { throw new RangeError("a string of more than " + maxString + " characters"); }
      native.charge(result.length);
    } else if (Array.isArray(result)) {
      native.charge(16 * result.length);
    } else if (expr.type === "function" && result !== null && typeof result === "object") {
      native.charge(32 * Object.keys(result).length);
    }
  }

  // $replace copies its replacement once a match, in a loop that no hook sees.
  jsonata("$replace").evaluate(undefined).then(function (builtin) {
    var replace = builtin.implementation;
    builtin.implementation = function (text, pattern, replacement, limit) {
      if (typeof text === "string" && typeof replacement === "string") {
        var matches = typeof pattern === "string" && pattern !== "" ? text.split(pattern).length - 1 : text.length;
        native.charge((limit >= 0 ? Math.min(limit, matches) : matches) * replacement.length);
      }
      return replace.apply(this, arguments);
    };
  });

  function compile(text) {
    var expression = cache[text];
    if (expression) { return expression; }
    expression = jsonata(text);
    expression.assign(Symbol["for"]("jsonata.__evaluate_entry"), entry);
    expression.assign(Symbol["for"]("jsonata.__evaluate_exit"), exit);
    expression.assign("eval", undefined);
    Object.keys(functions).forEach(function (name) { expression.assign(name, functions[name]); });
    if (cached === maxCached) { cache = Object.create(null); cached = 0; }
    cache[text] = expression;
    cached++;
    return expression;
  }

  return {
    compile: compile,
    // done(error text, JSON text): both undefined when there is no result.
    evaluate: function (text, bindings, done) {
      depth = 0;
      compile(text).evaluate(undefined, bindings).then(function (value) {
        done(undefined, JSON.stringify(value));
      })["catch"](function (err) {
        done((err.code ? err.code + ": " : "") + (err.message || String(err)));
      });
    }
  };
})
