#include "rule_line.h"

#include "core/base/scan.h"
#include "core/rules/checks.h"
#include "core/pattern/pattern.h"

static const struct {
    char letter;
    enum rule_action action;
} action_letters[] = {
    {'R', ACT_REFUSE}, {'F', ACT_FAIL}, {'D', ACT_DROP},   {'B', ACT_CLOSE},
    {'L', ACT_LOG},    {'X', ACT_SKIP}, {'S', ACT_EXEMPT},
};

static char upper(char c)
{
    return is_alpha((unsigned char)c) ? (char)(c & ~0x20) : c;
}

static bool parse_operation(struct line *l, struct rule_text *out)
{
    line_blanks(l);
    out->operation_at = l->at;
    struct text word = line_word(l);
    if (operation_find(word, &out->draft.operation))
        return true;
    const char *near = operation_nearest(word);
    if (near)
        return line_error(l, out->operation_at, "unknown operation '%.*s'; did you mean '%s'?", (int)word.n,
                          word.p, near);
    if (word.n == 0)
        return line_error(l, out->operation_at,
                          "expected an operation, such as helo or rcpt, or a setting (name = value)");
    return line_error(
        l, out->operation_at,
        "unknown operation '%.*s'; there are connect, helo (H), helo-deferred (D), mail (M), rcpt (R), header, "
        "subject (S), message-id and headers",
        (int)(word.n < 60 ? word.n : 60), word.p);
}

static bool parse_pattern(struct line *l, struct text source, unsigned char *code, struct rule_text *out)
{
    struct pattern_error error;
    struct pattern_notes notes = {0};
    const size_t inside = out->test_at + 1;
    if (out->draft.operation == OP_HEADERS)
        return line_error(l, out->test_at,
                          "'headers' has no text to match; use a check such as has(Message-ID), or the "
                          "operation 'header' for patterns");
    size_t n = pattern_compile(source, code, PATTERN_CODE_MAX, &notes, &error);
    if (n == 0)
        return line_error(l, inside + error.offset, "%s", error.message);
    if (notes.literal_plus)
        line_warning(l, inside + notes.literal_plus - 1,
                     "'+' repeats the item before it; there is none here, so it is an ordinary plus sign");
    if (notes.hidden)
        line_warning(l, inside + notes.hidden - 1,
                     "this can never match: the /s, /x or /X before it skips this character");
    size_t twice = text_find_nocase(source, TEXT("//"));
    if (twice < source.n && twice + 2 < source.n && strchr("wWcsxXbB", source.p[twice + 2]))
        line_warning(l, inside + twice + 1, "'/%c' has a meaning of its own here; write [/] for a slash",
                     source.p[twice + 2]);
    if (notes.unknown_slash)
        line_warning(l, inside + notes.unknown_slash - 1,
                     "this '/' has no special meaning; it is an ordinary slash");
    out->needs_name = out->draft.operation == OP_CONNECT;
    out->draft.flags |= RULE_PATTERN;
    out->draft.source = source;
    out->draft.code = text_of((const char *)code, n);
    return true;
}

static void list_operations(uint32_t mask, struct writer *w)
{
    for (unsigned op = 0; op < OP_COUNT; op++)
        if (mask & OP_BIT(op))
            writer_printf(w, "%s%s", w->n ? ", " : "", operation_name[op]);
}

/* Whether a check may be used at the operation of the rule. */
static bool check_fits(struct line *l, const char *name, uint32_t operations, const struct rule_text *out)
{
    char where[160];
    struct writer w = writer_on(where, sizeof where);
    if (operations & OP_BIT(out->draft.operation))
        return true;
    list_operations(operations, &w);
    return line_error(l, out->test_at, "'%s' cannot be used at %s; it can be used at %s", name,
                      operation_name[out->draft.operation], where);
}

/* A check of a plugin and its arguments, which may be any text between quotes. */
static bool parse_plugin_check(struct line *l, struct builder *b, const struct plugin_check *known,
                               struct rule_text *out)
{
    char reason[300];
    size_t at = 0;
    if (line_peek(l) == '(') {
        const size_t open = l->at, close = plugin_args_end(l->text, open + 1);
        if (close == l->text.n)
            return line_error(l, open, "this parenthesis is never closed");
        out->args.text = text_trim(text_of(l->text.p + open + 1, close - open - 1));
        out->args.at = (size_t)(out->args.text.p - l->text.p);
        l->at = close + 1;
    }
    if (!check_fits(l, known->check->name, known->check->operations, out))
        return false;
    out->draft.flags |= RULE_PLUGIN;
    out->needs_name = out->draft.operation == OP_CONNECT && (known->check->needs & GP_FACT_NAME) != 0;
    out->draft.source = text_of(l->text.p + out->test_at, l->at - out->test_at);
    if (builder_check(b, known, out->args.text, &out->draft.operand, &at, reason, sizeof reason))
        return true;
    if (out->args.text.n == 0)
        return line_error(l, out->test_at, "%s; it is written %.100s", reason, known->check->usage);
    return line_error(l, out->args.at + at, "%s", reason);
}

/* There is no check NAME: reports which one may have been meant. Returns false. */
static bool unknown_check(struct line *l, struct builder *b, struct text name, const struct rule_text *out)
{
    const char *plugin = plugin_of(name);
    const char *near = checks_nearest(name);
    if (!near)
        near = plugin_nearest(builder_known_checks(b), name);
    /* Don't report unknown checks after a plugin failed to load; it may define them. */
    if (!near && name.n && builder_known_checks(b)->missing)
        return false;
    if (plugin)
        return line_error(l, out->test_at,
                          "unknown check '%.*s'; it is in a plugin; put this line before the rule: load \"%s\"",
                          (int)name.n, name.p, plugin);
    if (near)
        return line_error(l, out->test_at, "unknown check '%.*s'; did you mean '%s'?", (int)name.n, name.p,
                          near);
    if (name.n == 0)
        return line_error(l, out->test_at,
                          "expected a test: a pattern in double quotes, or a check such as fqdn");
    return line_error(l, out->test_at, "unknown check '%.*s'; a pattern must be in double quotes",
                      (int)(name.n < 60 ? name.n : 60), name.p);
}

/* "(…)" after a check's name. */
static bool parse_arguments(struct line *l, const struct check *check, struct rule_text *out)
{
    if (line_peek(l) != '(') {
        if (check->args == ARGS_NEEDED)
            return line_error(l, out->test_at, "'%s' needs an argument in parentheses: %s", check->name,
                              check->args_hint);
        return true;
    }
    const size_t open = l->at;
    size_t close = text_find(l->text, open, ')');
    if (close == l->text.n)
        return line_error(l, open, "this parenthesis is never closed");
    if (check->args == ARGS_NONE)
        return line_error(l, open, "'%s' takes no argument", check->name);
    out->args.text = text_trim(text_of(l->text.p + open + 1, close - open - 1));
    out->args.at = (size_t)(out->args.text.p - l->text.p);
    l->at = close + 1;
    return true;
}

/* Takes the next word of a check's arguments: words are apart by blanks, commas, or both. */
static struct text next_argument(struct text *args)
{
    size_t i = 0, end;
    if (args->n == 0)
        return *args;
    while (i < args->n && (is_space((unsigned char)args->p[i]) || args->p[i] == ','))
        i++;
    for (end = i; end < args->n && !is_space((unsigned char)args->p[end]) && args->p[end] != ',';)
        end++;
    struct text word = text_of(args->p + i, end - i);
    *args = text_skip(*args, end);
    return word;
}

/* The number of WORD in a list that ends in NULL, or UINT32_MAX. */
static uint32_t word_number(const char *const *words, struct text word)
{
    for (uint32_t i = 0; words[i]; i++)
        if (text_eq_nocase(word, text_z(words[i])))
            return i;
    return UINT32_MAX;
}

static const char *make_mask(const struct check *check, struct text args, uint32_t *operand)
{
    struct text word = next_argument(&args);
    if (word.n == 0) {
        for (uint32_t i = 0; check->words[i]; i++)
            *operand |= 1u << i;
        return NULL;
    }
    for (; word.n; word = next_argument(&args)) {
        uint32_t number = word_number(check->words, word);
        if (number == UINT32_MAX)
            return check->problem;
        *operand |= 1u << number;
    }
    return NULL;
}

static const char *make_table(struct builder *b, const struct check *check, struct text args, enum operation op,
                              struct text *name, uint32_t *operand)
{
    *name = next_argument(&args);
    struct text fact = next_argument(&args);
    uint32_t said = fact.n ? word_number(check->words, fact) : UINT32_MAX;
    if (name->n == 0 || name->n > TABLE_NAME_MOST)
        return check->problem;
    if ((fact.n && said == UINT32_MAX) || next_argument(&args).n)
        return "after the name of the table comes client, helo, from or to, the fact to look up, and nothing "
               "more";
    *operand = builder_table(b, *name);
    if (*operand == UINT32_MAX)
        return "too many tables";
    *operand |= (said + 1) << 16;
    const uint32_t about = checks_about(check, *operand, op);
    if (!about)
        return "say which fact to look up, as in in(NAME, client); there are client, helo, from and to";
    if (about == OP_BIT(OP_RCPT) && op > OP_RCPT)
        return "a message has several recipients; look up 'to' at rcpt";
    /* A fact is known from its own operation on. */
    return about > OP_BIT(op) && !(about & OP_BIT(op)) ? "this fact is not known yet at this operation" : NULL;
}

/* Compiles the arguments of CHECK into its operand. Returns NULL, or what is wrong with them. */
static const char *make_operand(struct builder *b, const struct check *check, struct rule_text *out)
{
    const struct text args = out->args.text;
    uint32_t *operand = &out->draft.operand;
    switch (check->operand) {
    case OPERAND_COUNTER:
        if (!header_name_is_valid(args))
            return check->problem;
        *operand = builder_counter(b, args);
        return NULL;
    case OPERAND_TABLE:
        return make_table(b, check, args, out->draft.operation, &out->args.text, operand);
    case OPERAND_WORD:
        *operand = word_number(check->words, args);
        return *operand == UINT32_MAX ? check->problem : NULL;
    case OPERAND_WORDS:
        return make_mask(check, args, operand);
    default:
        return NULL;
    }
}

static bool parse_check(struct line *l, struct builder *b, struct rule_text *out)
{
    struct text name = line_word(l);
    const struct plugin_check *known = plugin_find(builder_known_checks(b), name);
    if (known)
        return parse_plugin_check(l, b, known, out);
    unsigned number = checks_find(name);
    if (number == checks_count)
        return unknown_check(l, b, name, out);
    const struct check *check = &checks_registry[number];
    if (!parse_arguments(l, check, out))
        return false;
    if (!check_fits(l, check->name, check->operations, out))
        return false;
    out->draft.check = number;
    out->draft.source = text_of(l->text.p + out->test_at, l->at - out->test_at);
    const char *wrong = make_operand(b, check, out);
    if (wrong)
        return line_error(l, out->args.text.n ? out->args.at : out->test_at, "%s", wrong);
    const uint32_t about = checks_about(check, out->draft.operand, out->draft.operation);
    out->needs_name = (about & OP_BIT(OP_CONNECT)) != 0;
    return true;
}

static bool parse_test(struct line *l, struct builder *b, unsigned char *code, struct rule_text *out)
{
    struct text source;
    out->test_at = l->at;
    size_t before = l->at;
    struct text word = line_word(l);
    if (text_eq_nocase(word, TEXT("not"))) {
        line_blanks(l);
        out->draft.flags |= RULE_NOT;
        out->test_at = l->at;
    } else {
        l->at = before;
    }
    if (line_peek(l) != '"')
        return parse_check(l, b, out);
    return line_quoted(l, &source) && parse_pattern(l, source, code, out);
}

/* One test after `and`. A pattern becomes the rule's own test, which the index finds it by. */
static bool add_test(struct line *l, const struct rule_text *next, struct rule_text *out)
{
    const uint32_t n = out->draft.more_n;
    if (!(next->draft.flags & RULE_PATTERN)) {
        out->more[n] = next->draft;
        out->more_args[n] = next->args;
    } else if (out->draft.flags & RULE_PATTERN) {
        return line_error(l, next->test_at, "a rule has one pattern at most; its other tests must be checks");
    } else {
        out->more[n] = out->draft;
        out->more_args[n] = out->args;
        out->draft = next->draft;
        out->args = next->args;
        out->test_at = next->test_at;
    }
    out->draft.more_n = n + 1;
    out->needs_name = out->needs_name || next->needs_name;
    return true;
}

/* The tests after the first, joined by `and`. */
static bool parse_more_tests(struct line *l, struct builder *b, unsigned char *code, struct rule_text *out)
{
    for (;;) {
        const size_t before = l->at;
        line_separator(l);
        const size_t at = l->at;
        if (!text_eq_nocase(line_word(l), TEXT("and"))) {
            l->at = before;
            return true;
        }
        if (memchr(l->text.p + before, ',', at - before))
            return line_error(l, at, "no comma comes before 'and'; write: TEST and TEST, ACTION");
        if (out->draft.more_n == RULE_TESTS - 1)
            return line_error(l, at, "a rule has %d tests at most", (int)RULE_TESTS);
        line_blanks(l);
        struct rule_text next = {.draft = {.operation = out->draft.operation, .line = out->draft.line}};
        if (!parse_test(l, b, code, &next) || !add_test(l, &next, out))
            return false;
    }
}

/* Mercury's positional letters: action, S or -, N or -. Returns false without a report if WORD is not of
 * this form. */
static bool letters(struct text word, struct rule_text *out, const char **wrong)
{
    if (word.n < 1 || word.n > 3)
        return false;
    size_t i = 0;
    while (i < sizeof action_letters / sizeof *action_letters && upper(word.p[0]) != action_letters[i].letter)
        i++;
    if (i == sizeof action_letters / sizeof *action_letters)
        return false;
    char second = word.n > 1 ? upper(word.p[1]) : '-';
    char third = word.n > 2 ? upper(word.p[2]) : '-';
    if (word.n == 2 && second == 'N') {
        *wrong = "N must be the third letter";
        return false;
    }
    if ((second != 'S' && second != '-') || (third != 'N' && third != '-'))
        return false;
    out->draft.action = action_letters[i].action;
    if (second == 'S')
        out->draft.flags |= RULE_BLOCK;
    out->block_letter = second == 'S';
    if (third == 'N') {
        if (out->draft.more_n) {
            *wrong = "N negates the one test of a rule; with 'and' write 'not' before the test that it is for";
            return false;
        }
        if (out->draft.flags & RULE_NOT) {
            *wrong = "both 'not' and N negate the test; write only one of them";
            return false;
        }
        out->draft.flags |= RULE_NOT;
    }
    return true;
}

/* "(24h)" after `block`. */
static bool parse_block_time(struct line *l, struct rule_text *out)
{
    if (line_peek(l) != '(')
        return true;
    size_t close = text_find(l->text, l->at, ')');
    struct text time =
        close < l->text.n ? text_trim(text_of(l->text.p + l->at + 1, close - l->at - 1)) : TEXT("");
    if (!scan_duration(time, &out->draft.block_seconds))
        return line_error(l, l->at,
                          "expected a time in the parentheses, like block(24h); units are s, m, h, d and w");
    l->at = close + 1;
    return true;
}

/* "block", "block(24h)", "block bounces", "block(24h) bounces" after an action. */
static bool parse_block(struct line *l, struct rule_text *out)
{
    size_t before = l->at;
    line_blanks(l);
    const size_t at = l->at;
    const struct text word = line_word(l);
    if (text_eq_nocase(word, TEXT("block"))) {
        if (out->draft.flags & RULE_BLOCK)
            return line_error(l, at, "S and 'block' mean the same; write only one of them");
        out->draft.flags |= RULE_BLOCK;
        if (!parse_block_time(l, out))
            return false;
        before = l->at;
        line_blanks(l);
        if (text_eq_nocase(line_word(l), TEXT("bounces"))) {
            out->draft.flags |= RULE_BOUNCES;
            return true;
        }
    } else if (text_eq_nocase(word, TEXT("bounces"))) {
        return line_error(l, at, "'bounces' must follow 'block', as in: close block(24h) bounces%s",
                          out->block_letter ? "; Mercury's letters cannot say it" : "");
    }
    l->at = before;
    return true;
}

static bool parse_action(struct line *l, struct rule_text *out)
{
    const char *wrong = NULL;
    out->action_at = l->at;
    struct text word = line_word(l);
    if (!action_find(word, &out->draft.action) && !letters(word, out, &wrong)) {
        if (wrong && word.n == 2)
            return line_error(l, out->action_at, "'%.*s' has no documented meaning; write %c-N", (int)word.n,
                              word.p, upper(word.p[0]));
        if (wrong)
            return line_error(l, out->action_at, "%s", wrong);
        if (text_eq_nocase(word, TEXT("block")))
            return line_error(l, out->action_at, "'block' must follow an action, as in: close block(24h)");
        const char *near = action_nearest(word);
        if (near)
            return line_error(l, out->action_at, "unknown action '%.*s'; did you mean '%s'?", (int)word.n,
                              word.p, near);
        if (word.n == 0)
            return line_error(l, out->action_at,
                              "expected an action, such as refuse, fail or log, or Mercury's letters");
        return line_error(
            l, out->action_at,
            "unknown action '%.*s'; there are refuse (R), fail (F), close (B), drop (D), log (L), skip (X), "
            "exempt (S) and hold; letters are followed by S or -, then N or -",
            (int)(word.n < 40 ? word.n : 40), word.p);
    }
    if (out->draft.action == ACT_HOLD && out->draft.operation != OP_RCPT)
        return line_error(
            l, out->action_at,
            "'hold' takes a recipient and refuses the message later, so it makes sense at rcpt alone; "
            "use refuse, fail or close here");
    if (!parse_block(l, out))
        return false;
    if ((out->draft.flags & RULE_BLOCK) && (out->draft.action == ACT_SKIP || out->draft.action == ACT_EXEMPT))
        return line_error(l, out->action_at,
                          "'%s' lets the client through, so it cannot be combined with 'block'",
                          action_name[out->draft.action]);
    return true;
}

static bool parse_reply(struct line *l, struct rule_text *out)
{
    const enum rule_action action = out->draft.action;
    struct text reply;
    out->reply_at = l->at;
    if (line_peek(l) != '"')
        return true;
    if (!line_quoted(l, &reply))
        return false;
    bool needs_code = action == ACT_REFUSE || action == ACT_FAIL || action == ACT_CLOSE || action == ACT_HOLD;
    if (!reply_check(l, out->reply_at + 1, reply, needs_code && reply.n))
        return false;
    out->draft.reply = reply;
    return true;
}

bool rule_line_parse(struct line *l, struct builder *b, unsigned char *code, struct rule_text *out)
{
    *out = (struct rule_text){.draft.line = l->number};
    if (!parse_operation(l, out))
        return false;
    line_separator(l);
    if (!parse_test(l, b, code, out) || !parse_more_tests(l, b, code, out))
        return false;
    line_separator(l);
    if (!parse_action(l, out))
        return false;
    line_separator(l);
    if (!parse_reply(l, out))
        return false;
    line_blanks(l);
    if (line_over(l) || line_peek(l) == '#')
        return true;
    /* Old filter files have such comments. Before the reply it is more likely a reply without quotes. */
    if (out->draft.reply.p) {
        line_warning(l, l->at, "text after the reply is ignored; begin a comment with '#'");
        return true;
    }
    return line_error(l, l->at, "nothing more is expected here; a reply must be in double quotes");
}
