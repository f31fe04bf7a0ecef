"""Takes the pictures of the README from the site that `mypizza run` wrote: make screenshots.

They need Chromium and its driver (Debian: chromium, chromium-driver); nothing is fetched.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

from ingest.publish.dbt import site_folder

IMAGES = Path(__file__).parent / "images"


@dataclass(frozen=True)
class Picture:
    """A page of the site, as the README shows it.

    Attributes:
        name: the picture's file name.
        page: the page's address within the site.
        shows: the text that it shows once it is drawn.
        height: how much of it is shown, in pixels of a window 1,280 wide.
        dark: whether the reader's machine is set to dark.
    """

    name: str
    page: str
    shows: str
    height: int = 860
    dark: bool = False


PICTURES = (
    Picture("index.png", "index.html", "closed days"),
    Picture("report.png", "report.html#trading", "Net revenue", height=1000),
    Picture("report-dark.png", "report.html#menu", "Items sold", height=1000, dark=True),
    Picture("docs.png", "docs.html#!/model/model.mypizza.rpt_branch_days", "Primary key:"),
    Picture(
        "lineage.png",
        "lineage.html?model=model.mypizza.fct_deliveries&column=unit_price&parents=3&children=0",
        "stg_files__stock_deliveries",
    ),
)


def take(picture: Picture) -> Path:
    """Open a page, wait until it is drawn, and write what is seen.

    Args:
        picture: which page, and what it shows once it is drawn.

    Returns:
        The file of the picture.

    Raises:
        selenium.common.TimeoutException: the page did not show its text within 20 seconds.
    """
    options = webdriver.ChromeOptions()
    for argument in (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--hide-scrollbars",
        f"--window-size=1280,{picture.height}",
    ):
        options.add_argument(argument)
    # the driver by its path: Selenium's own manager would ask the network for one
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        scheme = "dark" if picture.dark else "light"
        feature = {"name": "prefers-color-scheme", "value": scheme}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
        driver.get(f"{site_folder().as_uri()}/{picture.page}")
        WebDriverWait(driver, 20).until(
            lambda page: picture.shows in page.find_element("tag name", "body").text
        )
        for fit_all in driver.find_elements("css selector", ".react-flow__controls-fitview"):
            fit_all.click()
        # what is drawn step by step has a text before it has its charts
        driver.execute_async_script("setTimeout(arguments[0], 2000)")
        file = IMAGES / picture.name
        driver.save_screenshot(str(file))
        return file
    finally:
        driver.quit()


if __name__ == "__main__":
    if not (site_folder() / "index.html").exists():
        sys.exit("There is no site to take pictures of: make run writes it.")
    if not shutil.which("chromedriver"):
        sys.exit("There is no chromedriver: install Debian's chromium and chromium-driver.")
    for each in PICTURES:
        print(take(each))
