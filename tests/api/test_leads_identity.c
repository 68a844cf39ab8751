/* test_leads_identity.c: by what a lead is found: by its addresses, numbers and external ids, and
 * those it has no more. */
#include "leads.h"
#include "shape.h"

START_TEST(email_identity)
{
    const struct answer *answer = create("{'email':' Ann+Trial@EXAMPLE.Com '}");
    expect_status(answer, 201);
    expect_text(answer, "ann+trial@example.com", "email"); /* the tag stays in the address */
    const char *lead = answer_text(answer, "id");
    static const char *const same[] = { "ann@example.com", "ANN+other@example.com",
                                        "ann+trial@example.com", "\\tann@Example.com" };
    for (size_t i = 0; i < ARRAY_SIZE(same); i++)
        expect_known(textf("{'email':'%s'}", same[i]), lead);
    static const char *const others[] = { "an.n@example.com", "ann@example.org",
                                          "ann@sub.example.com", "+ann@example.com" };
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        expect_status(create(textf("{'email':'%s'}", others[i])), 201);
}
END_TEST

START_TEST(international_domain)
{
    const struct answer *answer = create("{'email':'j\xc3\xbcrgen@B\xc3\x9c"
                                         "CHER.example'}");
    expect_status(answer, 201);
    expect_text(answer, "j\xc3\xbcrgen@xn--bcher-kva.example", "email");
    const char *lead = answer_text(answer, "id");
    expect_known("{'email':'J\xc3\x9cRGEN@xn--bcher-kva.example'}", lead);
    expect_known("{'email':'ju\xcc\x88rgen@bu\xcc\x88"
                 "cher.example'}",
                 lead);
}
END_TEST

/* A phone number names a lead only where nothing better does: people share phones. */
START_TEST(phone_identity)
{
    const struct answer *answer = create("{'phone':'+49 (0)30 / 123-456','first_name':'Ann'}");
    expect_status(answer, 201);
    expect_text(answer, "+4930123456", "phone");
    const char *ann = answer_text(answer, "id");
    expect_known("{'phone':'0049 30 123456','first_name':'Bob'}", ann);
    answer = create("{'phone':'+4930123456','email':'bob@example.com'}");
    expect_status(answer, 201);
    answer = create("{'phone':'+4930123456','external_id':'7'}");
    expect_status(answer, 201);
    expect_known("{'phone':'+4930123456'}", ann);
    /* Numbers that are not international are nobody's in particular. */
    expect_text(create("{'phone':'030 123456'}"), "030 123456", "phone");
    expect_status(create("{'phone':'030 123456'}"), 201);
}
END_TEST

/* A number goes on to the next who has it when the one it leads to has it no more. */
START_TEST(shared_phone)
{
    static const char body[] = "{'phone':'+4930123456','email':'%s@example.com'}";
    const char *ann = service_create("/v1/leads", body, "ann");
    const char *bob = service_create("/v1/leads", body, "bob");
    const char *cid = service_create("/v1/leads", body, "cid");
    const char *dan = service_create("/v1/leads", "{'email':'dan@example.com'}");
    expect_status(merge("{'phone':'+49 30 123456','email':'dan@example.com'}"), 200);
    expect_known("{'phone':'+4930123456'}", ann);
    expect_status(change(bob, "{'phone':'+4930654321'}"), 200); /* it never led to him */
    expect_known("{'phone':'+4930123456'}", ann);
    expect_status(change(ann, "{'phone':null}"), 200);
    expect_known("{'phone':'+4930123456'}", cid);
    service_check();
    expect_status(ask(fixture.client, .method = "DELETE", .path = textf("/v1/leads/%s", cid)), 204);
    expect_known("{'phone':'+4930123456'}", dan);
    expect_status(change(dan, "{'phone':'+4930654321'}"), 200);
    expect_known("{'phone':'+4930654321'}", bob);
    expect_status(create("{'phone':'+4930123456'}"), 201);
    expect_status(ask(fixture.client, .method = "DELETE", .path = textf("/v1/leads/%s", dan)), 204);
    expect_status(change(bob, "{'phone':null}"), 200);
    expect_status(create("{'phone':'+4930654321'}"), 201);
}
END_TEST

START_TEST(external_identity)
{
    const struct answer *answer = create("{'source_system':'shop','external_id':'7'}");
    expect_status(answer, 201);
    const char *lead = answer_text(answer, "id");
    expect_known("{'source_system':'shop','external_id':'7','email':'a@example.com'}", lead);
    expect_status(create("{'source_system':'shop','external_id':'8'}"), 201);
    expect_status(create("{'source_system':'site','external_id':'7'}"), 201);
    answer = create("{'external_id':'7'}"); /* by default what the key is called */
    expect_status(answer, 201);
    expect_text(answer, "admin", "source_system");
    expect_known("{'source_system':'admin','external_id':'7'}", answer_text(answer, "id"));
}
END_TEST

START_TEST(two_at_once)
{
    for (int i = 0; i < 20; i++) {
        struct race race = { .path = "/v1/leads",
                             .bodies = { textf("{\"email\":\"u%d@example.com\"}", i),
                                         textf("{\"email\":\"U%d+x@example.com\"}", i) } };
        race_run(&race);
        ck_assert_msg((race.statuses[0] == 201 && race.statuses[1] == 409) ||
                          (race.statuses[0] == 409 && race.statuses[1] == 201),
                      "%d and %d", race.statuses[0], race.statuses[1]);
        race.path = "/v1/leads?on_duplicate=merge";
        race.bodies[0] = textf("{\"email\":\"m%d@example.com\",\"city\":\"Bern\"}", i);
        race.bodies[1] = textf("{\"email\":\"m%d@example.com\",\"city\":\"Rome\"}", i);
        race_run(&race);
        ck_assert_int_eq(race.statuses[0] + race.statuses[1], 401);
    }
    ck_assert_uint_eq(answer_count(get(fixture.client, "/v1/leads?limit=200"), "data"), 40);
}
END_TEST

START_TEST(merge_fills_blanks)
{
    const struct answer *answer =
        create("{'email':'ann@example.com','city':'Bern','source':'web'}");
    const char *lead = answer_text(answer, "id");
    answer = merge("{'email':'ann+x@example.com','city':'Rome','country':'CH','company':'ACME',"
                   "'phone':'+41 31 1234567','source_system':'shop','external_id':'7',"
                   "'stage':'demo'}");
    expect_status(answer, 200);
    expect_shape(answer, "", LEAD_SHAPE);
    expect_text(answer, lead, "id");
    expect_text(answer, "ann@example.com", "email");
    expect_text(answer, "Bern", "city");
    expect_text(answer, "web", "source");
    expect_text(answer, "CH", "country");
    expect_text(answer, "ACME", "company");
    expect_text(answer, "target", "stage"); /* only where a lead is new */
    expect_int(answer, 20, "score");
    expect_int(answer, 2, "version");
    ck_assert_str_eq(answer_header(answer, "ETag"), "\"v2-s20\"");
    expect_known("{'source_system':'shop','external_id':'7'}", lead);
    expect_known("{'phone':'+41311234567'}", lead);

    answer = merge("{'email':'ann@example.com','city':'Oslo'}"); /* nothing to fill */
    expect_status(answer, 200);
    expect_int(answer, 2, "version");
    expect_status(merge("{'email':'bob@example.com'}"), 201);
    answer = merge("{'email':'ann@example.com','currency':'EUR'}");
    expect_problem(answer, 422, "validation_failed", "/currency", "wrong_currency");
}
END_TEST

/* The external id says who it is; an address that is another's changes neither of them. */
START_TEST(merge_never_takes)
{
    create("{'email':'ann@example.com'}");
    const char *bob =
        service_create("/v1/leads", "{'source_system':'shop','external_id':'b','city':'Bern'}");
    const struct answer *answer =
        merge("{'source_system':'shop','external_id':'b','email':'ann@example.com'}");
    expect_problem(answer, 409, "duplicate", "/email", NULL);
    ck_assert(answer_is_null(get(fixture.client, "/v1/leads/%s", bob), "email"));
}
END_TEST

/* Half of one identity and half of another would be a third, of somebody else. */
START_TEST(merge_never_pairs)
{
    const char *ann = service_create(
        "/v1/leads", "{'email':'ann@example.com','source_system':'shop','external_id':'1'}");
    expect_status(change(ann, "{'external_id':null}"), 200);
    const struct answer *answer =
        merge("{'email':'ann@example.com','source_system':'crm','external_id':'5'}");
    expect_text(answer, ann, "id");
    expect_text(answer, "crm", "source_system");
    expect_text(answer, "5", "external_id");
    expect_known("{'source_system':'crm','external_id':'5'}", ann);
    expect_status(merge("{'source_system':'shop','external_id':'5','last_name':'Bob'}"), 201);
}
END_TEST

/* Two identities must not read alike in the table of keys. */
START_TEST(external_identity_is_unambiguous)
{
    expect_status(create("{'source_system':'a','external_id':'b\\u001fc'}"), 201);
    const struct answer *answer = create("{'source_system':'a\\u001fb','external_id':'c'}");
    expect_problem(answer, 422, "validation_failed", "/source_system", "invalid");
}
END_TEST

START_TEST(keys_move)
{
    const char *lead = service_create(
        "/v1/leads", "{'email':'ann@example.com','phone':'+4930123456','external_id':'7'}");
    const struct answer *answer =
        change(lead, "{'email':'Anna@example.org','phone':'+4930654321','external_id':'8'}");
    expect_status(answer, 200);
    expect_text(answer, "anna@example.org", "email");
    expect_known("{'email':'anna+x@example.org'}", lead);
    expect_known("{'phone':'+4930654321'}", lead);
    expect_known("{'external_id':'8'}", lead);
    expect_status(create("{'email':'ann@example.com'}"), 201); /* free again */
    expect_status(create("{'phone':'+4930123456'}"), 201);
    expect_status(create("{'external_id':'7'}"), 201);
    expect_status(change(lead, "{'email':null,'phone':null,'external_id':null}"), 200);
    expect_status(create("{'email':'anna@example.org'}"), 201);
    expect_status(create("{'phone':'+4930654321'}"), 201);
    expect_status(create("{'external_id':'8'}"), 201);
}
END_TEST

/* The source system of an external id that comes alone is the key's name, as at creation. */
START_TEST(external_id_later)
{
    const char *lead = service_create("/v1/leads", "{'email':'ann@example.com'}");
    const struct answer *answer = change(lead, "{'external_id':'7'}");
    expect_status(answer, 200);
    expect_text(answer, "7", "external_id");
    expect_text(answer, "admin", "source_system");
    expect_known("{'external_id':'7'}", lead);
    answer = change(lead, "{'source_system':'shop'}");
    expect_text(answer, "shop", "source_system");
    expect_known("{'source_system':'shop','external_id':'7'}", lead);
    expect_status(create("{'external_id':'7'}"), 201);
    answer = change(lead, "{'source_system':null}");
    expect_problem(answer, 422, "validation_failed", "/source_system", "required");
    answer = change(lead, "{'source_system':null,'external_id':null}");
    expect_status(answer, 200);
    ck_assert(answer_is_null(answer, "source_system") && answer_is_null(answer, "external_id"));
    expect_status(create("{'source_system':'shop','external_id':'7'}"), 201);
}
END_TEST

/* Looked up as everywhere else: whatever the case and the +tag. */
START_TEST(found_by_name)
{
    const char *ann = service_create("/v1/leads", "{'email':'Ann+news@Example.com'}");
    const char *crm = service_create(
        "/v1/leads", "{'source_system':'crm','external_id':'17','email':'c@example.com'}");
    static const char *const anns[] = { "ann%2Bnews@example.com", "ANN@EXAMPLE.COM",
                                        "ann%2Bshop@example.com" };
    for (size_t i = 0; i < ARRAY_SIZE(anns); i++) {
        const struct answer *answer = get(fixture.client, "/v1/leads?email=%s", anns[i]);
        ck_assert_uint_eq(answer_count(answer, "data"), 1);
        expect_text(answer, ann, "data.0.id");
    }
    const struct answer *answer = get(fixture.client, "/v1/leads?source_system=crm&external_id=17");
    ck_assert_uint_eq(answer_count(answer, "data"), 1);
    expect_text(answer, crm, "data.0.id");
    static const char *const nobody[] = { "email=bob@example.com", "external_id=17",
                                          "source_system=crm&external_id=18",
                                          "email=ann@example.com&source_system=crm&external_id=17",
                                          "email=ann@example.com&status=won" };
    for (size_t i = 0; i < ARRAY_SIZE(nobody); i++)
        ck_assert_uint_eq(answer_count(get(fixture.client, "/v1/leads?%s", nobody[i]), "data"), 0);
    expect_problem(get(fixture.client, "/v1/leads?source_system=crm"), 422, "validation_failed",
                   "?external_id", "required");
}
END_TEST

/* The same person twice in another system, as in real exports. */
START_TEST(two_external_ids)
{
    static const char items[] =
        "{'items':[{'email':'ann@example.com','source_system':'crm','external_id':'%d'}]}";
    expect_text(post(fixture.client, "/v1/import/leads", items, 100), "created",
                "results.0.status");
    post(fixture.client, "/v1/import/leads", items, 101);
    for (int id = 100; id <= 101; id++) {
        const struct answer *answer =
            get(fixture.client, "/v1/leads?source_system=crm&external_id=%d", id);
        ck_assert_uint_eq(answer_count(answer, "data"), 1);
        expect_text(answer, "100", "data.0.external_id");
    }
}
END_TEST

TCase *identity_tcase(void)
{
    const TTest *const tests[] = { email_identity,     international_domain,
                                   phone_identity,     shared_phone,
                                   external_identity,  two_at_once,
                                   merge_fills_blanks, merge_never_takes,
                                   merge_never_pairs,  external_identity_is_unambiguous,
                                   keys_move,          external_id_later,
                                   found_by_name,      two_external_ids };
    TCase *tcase = tcase_create("identity");
    tcase_add_checked_fixture(tcase, service_setup, service_teardown);
    tcase_set_timeout(tcase, 20);
    for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
        tcase_add_test(tcase, tests[i]);
    return tcase;
}
