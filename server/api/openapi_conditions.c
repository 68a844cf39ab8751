/* openapi_conditions.c: what conditions look like, for the contract. Their shape is told here; ops
 * and attributes come from where they are. */
#include "openapi.h"

#include <funneld/condition.h>

#define REF_CONDITION "{\"$ref\":\"#/components/schemas/Condition\"}"

static void write_ops(struct json *json)
{
    json_open(json, "enum", '[');
    for (size_t i = 0; condition_op_names[i]; i++)
        json_text(json, NULL, condition_op_names[i]);
    json_close(json, ']');
}

/* Ours by their names, custom ones by what theirs look like. */
static void write_attributes(struct json *json)
{
    json_open(json, "anyOf", '[');
    json_raw(json, NULL, "{\"pattern\":\"^fields\\\\.[a-z][a-z0-9_]*$\"}");
    json_open(json, NULL, '{');
    json_open(json, "enum", '[');
    for (size_t i = 0; i < lead_table.count; i++)
        if (condition_names(lead_table.fields[i].name))
            json_text(json, NULL, lead_table.fields[i].name);
    json_close(json, ']');
    json_close(json, '}');
    json_close(json, ']');
}

/* {"all": [...]} */
static void write_list(struct json *json, const char *name, const char *description)
{
    json_open(json, NULL, '{');
    json_text(json, "type", "object");
    json_text(json, "description", description);
    json_open(json, "required", '[');
    json_text(json, NULL, name);
    json_close(json, ']');
    json_open(json, "properties", '{');
    json_open(json, name, '{');
    json_text(json, "type", "array");
    json_int(json, "minItems", 1);
    json_int(json, "maxItems", CONDITION_LEAVES_MAX);
    json_raw(json, "items", REF_CONDITION);
    json_close(json, '}');
    json_close(json, '}');
    json_bool(json, "additionalProperties", false);
    json_close(json, '}');
}

static void write_value(struct json *json)
{
    json_open(json, "value", '{');
    json_text(json, "description",
              "one value; of in and not_in a list of them, of between [lowest, highest]; none with "
              "present and absent. Texts are compared without regard to the case of ASCII letters");
    json_raw(json, "type", "[\"string\",\"number\",\"boolean\",\"array\"]");
    json_raw(json, "items", "{\"type\":[\"string\",\"number\",\"boolean\"]}");
    json_int(json, "maxItems", CONDITION_VALUES_MAX);
    json_close(json, '}');
}

/* {"field" or "property": ..., "op": ..., "value": ...} */
static void write_test(struct json *json, const char *key, const char *of, const char *description)
{
    bool is_field = *of == 'f';
    json_open(json, key, '{');
    json_text(json, "type", "object");
    json_text(json, "description", description);
    json_open(json, "required", '[');
    json_text(json, NULL, of);
    json_text(json, NULL, "op");
    json_close(json, ']');
    json_open(json, "properties", '{');
    json_open(json, of, '{');
    json_text(json, "type", "string");
    if (is_field)
        write_attributes(json);
    json_close(json, '}');
    json_open(json, "op", '{');
    json_text(json, "type", "string");
    write_ops(json);
    json_close(json, '}');
    write_value(json);
    json_close(json, '}');
    json_bool(json, "additionalProperties", false);
    json_close(json, '}');
}

/* Into properties that are open. */
static void write_selected(struct json *json)
{
    json_raw(json, "activity", "{\"type\":\"string\",\"pattern\":\"^[a-z][a-z0-9_]*$\"}");
    json_open(json, "where", '{');
    json_text(json, "type", "array");
    json_int(json, "minItems", 1);
    json_int(json, "maxItems", CONDITION_LEAVES_MAX);
    json_raw(json, "items", "{\"$ref\":\"#/components/schemas/PropertyTest\"}");
    json_close(json, '}');
}

static void write_selector(struct json *json)
{
    json_open(json, "Selector", '{');
    json_text(json, "type", "object");
    json_text(json, "description", "activities of a type that pass every test of where");
    json_raw(json, "required", "[\"activity\"]");
    json_open(json, "properties", '{');
    write_selected(json);
    json_close(json, '}');
    json_bool(json, "additionalProperties", false);
    json_close(json, '}');
}

static void write_activity(struct json *json)
{
    json_open(json, NULL, '{');
    json_text(json, "type", "object");
    json_text(json, "description",
              "how many activities of a type there are, of those that pass every test of where; at "
              "least one unless count says otherwise");
    json_raw(json, "required", "[\"activity\"]");
    json_open(json, "properties", '{');
    write_selected(json);
    json_raw(json, "count",
             "{\"type\":\"object\",\"minProperties\":1,\"additionalProperties\":false,"
             "\"properties\":{\"gte\":{\"type\":\"integer\",\"minimum\":0},"
             "\"lte\":{\"type\":\"integer\",\"minimum\":0},"
             "\"eq\":{\"type\":\"integer\",\"minimum\":0}}}");
    json_open(json, "within_days", '{');
    json_text(json, "type", "integer");
    json_int(json, "minimum", 1);
    json_int(json, "maximum", CONDITION_DAYS_MAX);
    json_text(json, "description", "only those younger than so many times 24 hours");
    json_close(json, '}');
    json_close(json, '}');
    json_bool(json, "additionalProperties", false);
    json_close(json, '}');
}

void openapi_conditions(struct json *json)
{
    json_open(json, "Condition", '{');
    json_text(json, "description",
              "Which leads are meant. At most 8 levels deep, with 100 tests, 16 KiB of JSON");
    json_open(json, "oneOf", '[');
    write_list(json, "all", "all of these must hold");
    write_list(json, "any", "one of these must hold");
    json_raw(json, NULL,
             "{\"type\":\"object\",\"description\":\"this must not hold\",\"required\":[\"not\"],"
             "\"properties\":{\"not\":" REF_CONDITION "},\"additionalProperties\":false}");
    json_raw(json, NULL, "{\"$ref\":\"#/components/schemas/AttributeTest\"}");
    write_activity(json);
    json_close(json, ']');
    json_close(json, '}');
    write_selector(json);
    write_test(json, "AttributeTest", "field", "of an attribute of the lead");
    write_test(json, "PropertyTest", "property", "of a member of the activity's properties");
}

/* One parameter for the contract, which each of its members is to a server. */
void openapi_filters(struct json *json)
{
    json_open(json, NULL, '{');
    json_text(json, "name", "filters");
    json_text(json, "in", "query");
    json_text(json, "description",
              "attribute[op]=value for any attribute and op of a condition, as score[gte]=50, "
              "country[in]=US,CA, owner[present]=true; without an op it is eq");
    json_text(json, "style", "form");
    json_bool(json, "explode", true);
    json_open(json, "schema", '{');
    json_text(json, "type", "object");
    json_raw(json, "additionalProperties", "{\"type\":\"string\"}");
    json_raw(json, "example", "{\"score[gte]\":\"50\",\"country[in]\":\"US,CA\"}");
    json_close(json, '}');
    json_close(json, '}');
}
