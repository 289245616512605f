"""A real browser, with scripts switched on or off."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium.common.exceptions import WebDriverException
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.support.expected_conditions import staleness_of
from selenium.webdriver.support.wait import WebDriverWait

_SWITCHES = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_NO_SCRIPTS = {"profile.managed_default_content_settings.javascript": 2}


class Browser:
    """What a person does with a page. Each method waits for what it looks for."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver

    def open(self, url: str) -> None:
        """Follow a link."""
        self.driver.get(url)

    def fill(self, name: str, text: str) -> None:
        """Types into a field."""
        self.driver.find_element(By.NAME, name).send_keys(text)

    def press(self) -> str:
        """Presses the page's one button; what the page that follows tells, by its role."""
        button = self.driver.find_element(By.CSS_SELECTOR, "button")
        button.click()
        # What is found may be of the page that is just going, which the driver tells in more than one way.
        waiting = WebDriverWait(self.driver, 120, ignored_exceptions=[WebDriverException])
        waiting.until(staleness_of(button))
        return waiting.until(lambda driver: driver.find_element(By.CSS_SELECTOR, "[role]").text)

    @property
    def message(self) -> str:
        """What the page tells, by its role."""
        return self.driver.find_element(By.CSS_SELECTOR, "[role]").text

    @property
    def heading(self) -> str:
        """What the page is about."""
        return self.driver.find_element(By.CSS_SELECTOR, "h1").text

    @property
    def language(self) -> str | None:
        """Which language the page says it is in."""
        return self.driver.find_element(By.CSS_SELECTOR, "html").get_attribute("lang")


@contextmanager
def browser(folder: Path, *, scripts: bool, languages: str = "en") -> Iterator[Browser]:
    """A browser with a profile of its own; without Chromium tests are skipped, and in CI they fail."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        if os.environ.get("CI"):
            pytest.fail("There is no Chromium; `make chromium` installs it.")
        pytest.skip("no Chromium")
    options = ChromeOptions()
    options.binary_location = chromium
    for switch in (*_SWITCHES, f"--user-data-dir={folder}", f"--accept-lang={languages}"):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    if not scripts:
        options.add_experimental_option("prefs", _NO_SCRIPTS)
    chrome = Chrome(options, ChromeService(driver))
    try:
        yield Browser(chrome)
    finally:
        chrome.quit()
