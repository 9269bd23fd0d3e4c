#include "report/html.h"

#include <gtest/gtest.h>

namespace reprieve::report {
namespace {

TEST(HtmlPage, WhatAManifestSaysIsNeverMarkup) {
  HtmlPage page("<script>alert(1)</script>");
  const std::string evil = "<img src=x onerror=\"alert('x')\">&";
  page.Heading(evil);
  page.Paragraph(evil);
  page.Figures({{evil, evil, evil}});
  page.Bars({{evil, 1, evil, {0.5, 0.5}}}, {evil, evil});
  page.Histogram({1, 2, 3}, evil);
  page.Table({{evil}, {evil}});
  page.Code(evil, {{1, evil, evil}});
  page.Timeline({{evil, evil, true}});
  const std::string text = page.Text();
  EXPECT_EQ(text.find("<script"), std::string::npos);
  EXPECT_EQ(text.find("<img"), std::string::npos);
  EXPECT_NE(text.find("&lt;img src=x onerror=&quot;alert(&#39;x&#39;)&quot;&gt;&amp;"), std::string::npos);
}

TEST(HtmlPage, AHistogramHasAllItsValues) {
  HtmlPage page("t");
  page.Histogram({1, 1, 1, 5}, "h");
  const std::string text = page.Text();
  EXPECT_NE(text.find("<title>3</title>"), std::string::npos);
  EXPECT_NE(text.find("<title>1</title>"), std::string::npos);
  page.Histogram({}, "h");
  EXPECT_EQ(page.Text(), text);
}

TEST(HtmlPage, BarsAreInProportion) {
  HtmlPage page("t");
  page.Bars({{"a", 10, "10"}, {"b", 5, "5", {0.5, 0.5}}});
  EXPECT_NE(page.Text().find("width:100.00%"), std::string::npos);
  EXPECT_NE(page.Text().find("class=\"b\" style=\"width:25.00%\""), std::string::npos);
}

}  // namespace
}  // namespace reprieve::report
