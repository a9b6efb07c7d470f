// Runs after the JSONata engine: compiles and evaluates expressions with the
// functions that Step Functions adds, without $eval, and counts every step.
(function (jsonata, native, maxCached, maxString) {
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
    native.tooDeep(++depth);
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

  // $replace copies its replacement once a match, in a loop that the hooks do not
  // see, and for a text as pattern all that was made before, too.
  jsonata("$replace").evaluate(undefined).then(function (builtin) {
    var replace = builtin.implementation;
    builtin.implementation = function (text, pattern, replacement, limit) {
      if (typeof text === "string" && typeof replacement === "string") {
        var plain = typeof pattern === "string" && pattern !== "";
        var matches = plain ? text.split(pattern).length - 1 : text.length;
        if (limit >= 0) { matches = Math.min(limit, matches); }
        native.charge(matches * replacement.length);
        if (plain) { native.step(Math.floor(matches * (text.length + matches * replacement.length) / 8192)); }
      }
      return replace.apply(this, arguments);
    };
  });

  // The regular expressions of expressions: the virtual machine's own would
  // backtrack without an end that could be counted.
  function Pattern(literal) {
    this.source = literal.source;
    this.flags = (literal.ignoreCase ? "i" : "") + (literal.multiline ? "m" : "");
    this.lastIndex = 0;
  }
  Pattern.prototype.exec = function (text) {
    var at = native.find(this.source, this.flags, text, this.lastIndex);
    if (at === null) { this.lastIndex = 0; return null; }
    var match = [];
    for (var i = 0; i < at.length; i += 2) { match.push(at[i] < 0 ? undefined : text.substring(at[i], at[i + 1])); }
    match.index = at[0];
    this.lastIndex = at[1];
    return match;
  };

  function compile(text) {
    var expression = cache[text];
    if (expression) { return expression; }
    expression = jsonata(text, { RegexEngine: Pattern });
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
