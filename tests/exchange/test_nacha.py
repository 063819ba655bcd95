"""Our table of the banks' codes, held against a list that others keep."""

import pytest

from shared.exchange.nacha import CHANGES, DISHONOURS, RETURNS, Sort, explained, sort_of

FOREIGN = (
    *(f"R{number:02}" for number in (*range(1, 40), *range(40, 48), *range(50, 54))),
    *(f"R{number}" for number in (61, 62, *range(67, 78), *range(80, 86))),
    *(f"C{number:02}" for number in (*range(1, 8), *range(9, 13), *range(61, 70))),
)
"""Every code in the dictionaries of moov-io/ach, an implementation of NACHA's files (``addenda98.go``, ``addenda99.go``)."""

NO_DEBIT_OF_OURS = {
    *("R23", "R36"),  # credits
    *("R30", "R33", "R37", "R38", "R39", "R50", "R51", "R52", "R53"),  # checks: XCK, ARC, BOC, POP, RCK
    *(f"R{number}" for number in range(40, 48)),  # enrolments (ENR)
    *(f"R{number}" for number in range(80, 86)),  # international entries (IAT)
}
"""By the same dictionaries, for which entries each is; what is left can come back for WEB, TEL, PPD or CCD debits."""

SOON, LATE, NEXT_FILE = "2 banking days", "60 calendar days", "next file"
WINDOWS = {
    **dict.fromkeys(["R25", "R26", "R27", "R28", "R32", "R34", "R35", "R13", "R18", "R19"], NEXT_FILE),
    **dict.fromkeys(["R05", "R07", "R10", "R11"], LATE),
    **dict.fromkeys(["R01", "R02", "R03", "R04", "R08", "R09", "R12", "R14", "R15", "R16", "R17"], SOON),
    **dict.fromkeys(["R20", "R21", "R22", "R24"], SOON),
}
"""As Modern Treasury's and PayNearMe's lists of return codes have them."""


def of_sort(sort):
    return {code for code in FOREIGN if sort_of(code) is sort}


def test_the_table_has_every_return_of_a_web_tel_ppd_or_ccd_debit_and_no_other():
    assert of_sort(Sort.RETURN) == set(RETURNS)
    assert of_sort(Sort.UNKNOWN) == NO_DEBIT_OF_OURS


def test_every_change_and_every_dishonoured_return_is_told_as_such():
    assert of_sort(Sort.CHANGE) == {code for code in FOREIGN if code.startswith("C")}
    assert of_sort(Sort.CHANGE) <= set(CHANGES)
    assert of_sort(Sort.DISHONOURED) == {code for code in FOREIGN if "R61" <= code <= "R77"} == set(DISHONOURS)


@pytest.mark.parametrize("code", ["C99", "R63", "R66"])
def test_a_class_is_told_by_its_range_listed_or_not(code):
    assert sort_of(code) is (Sort.CHANGE if code.startswith("C") else Sort.DISHONOURED)
    assert "not in our table" in explained(code).meaning


@pytest.mark.parametrize("code", ["R00", "R1", "C1", "C001", "R610", "CXX", "XYZ", "", "r01"])
def test_anything_else_is_unknown(code):
    assert sort_of(code) is Sort.UNKNOWN


@pytest.mark.parametrize("code", [code for code in FOREIGN if sort_of(code) is not Sort.RETURN])
def test_nobody_is_asked_to_pay_again_for_what_is_no_return(code):
    assert "pay" not in explained(code).payer.casefold()


@pytest.mark.parametrize(("code", "window"), WINDOWS.items())
def test_the_windows_are_those_of_the_lists(code, window):
    assert RETURNS[code].window == window


def test_what_was_not_as_authorised_may_be_corrected_and_sent_again():
    """Since April 2020: another entry without another authorisation, within 60 days of the return."""
    assert "sent again within 60 days" in RETURNS["R11"].payer
    assert RETURNS["R11"].payer != RETURNS["R10"].payer
